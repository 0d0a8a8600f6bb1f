import { type ConfigOverrides, type Context, config } from '../context/index.ts';
import { heartbeatChain } from '../heartbeat/index.ts';
import { FakeBigQuery, type FakeBigQueryOptions } from './fake-big-query.ts';
import { FakeHttp } from './fake-http.ts';
import { FakeSink } from './fake-sink.ts';
import { FakeStorage } from './fake-storage.ts';
import { FakeStore } from './fake-store.ts';
import { FakeUpstream } from './fake-upstream.ts';
import { RecordingLogger } from './recording-logger.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface TestContextOptions {
  /** The wall time at the start. Default: 2026-01-16T09:00:00Z. */
  readonly wall?: string | number | Date | undefined;
  /** Seeds `random`. Default: 1. */
  readonly seed?: number | undefined;
  /** Tables that are there at the start. */
  readonly tables?: FakeBigQueryOptions['tables'];
  readonly config?: ConfigOverrides | undefined;
}

/** A context whose members are all fakes. */
export interface TestContext extends Context {
  readonly clock: VirtualClock;
  readonly bigquery: FakeBigQuery;
  readonly http: FakeHttp;
  readonly storage: FakeStorage;
  readonly store: FakeStore;
  readonly upstream: FakeUpstream;
  readonly logger: RecordingLogger;
  /** What `heartbeats`, the real chain, sends to: `sinks.second` when `sinks.first` does not take a beat. */
  readonly sinks: { readonly first: FakeSink; readonly second: FakeSink };
}

/**
 * All that a processor needs, without a network, a file or a real second: time stands still until `clock` is moved, and
 * the same seed gives the same run.
 *
 * @example
 * const context = createTestContext();
 * context.bigquery.on(/nbac_team_boxscore/, [{ game_id: '0022400974', points: 112 }]);
 * const [result] = await new TeamOffense(context).run({ startDate: '2025-03-15', endDate: '2025-03-15' });
 */
export function createTestContext(options: TestContextOptions = {}): TestContext {
  const { wall, seed = 1, tables } = options;
  const clock = new VirtualClock(wall === undefined ? {} : { wall });
  const logger = new RecordingLogger();
  const sinks = {
    first: new FakeSink({ clock, name: 'first' }),
    second: new FakeSink({ clock, name: 'second' }),
  };
  return {
    clock,
    random: seededRandom(seed),
    logger,
    bigquery: new FakeBigQuery({ clock, tables }),
    http: new FakeHttp({ clock }),
    storage: new FakeStorage({ clock }),
    store: new FakeStore({ clock }),
    upstream: new FakeUpstream({ clock }),
    sinks,
    heartbeats: heartbeatChain({ sinks: [sinks.first, sinks.second], clock, logger }),
    config: config({ version: 'test', host: 'test', instance: 'test', ...options.config }),
  };
}
