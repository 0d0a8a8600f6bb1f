import type { BigQueryClient, HttpClient, Logger, StorageClient } from '../clients/index.ts';
import type { Heartbeats, Watchdog } from '../heartbeat/index.ts';
import type { Store } from '../store/index.ts';
import type { Clock } from '../time/index.ts';
import type { UpstreamReader } from '../upstream/index.ts';
import type { Config } from './config.ts';

/** All that a run may use, injected; nothing else in the library reaches for a global. */
export interface Context {
  readonly http: HttpClient;
  readonly bigquery: BigQueryClient;
  readonly storage: StorageClient;
  readonly store: Store;
  readonly heartbeats: Heartbeats;
  readonly upstream: UpstreamReader;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly config: Config;
  /** Watches the event loop from another thread; absent where nobody asked for it. */
  readonly watchdog?: Watchdog | undefined;
}
