import { mkdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  createHttpClient,
  createJsonLogger,
  type HttpService,
  httpService,
  type Logger,
} from '../clients/index.ts';
import { type ConfigOverrides, type Context, config } from '../context/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import { heartbeatChain, type LastWords, memorySink, startWatchdog } from '../heartbeat/index.ts';
import type { DeadReason } from '../processor/index.ts';
import { type Clock, realClock } from '../time/index.ts';
import { createUpstreamReader } from '../upstream/index.ts';
import { fileSink } from './heartbeat-file-sink.ts';
import { isGone, thisInstance } from './instance.ts';
import { localObjects } from './objects.ts';
import { localState } from './state.ts';
import { openWarehouse, type Warehouse } from './warehouse/warehouse.ts';

export interface LocalContextOptions {
  /** The folder of the warehouse, the state, the objects and the heartbeats; made if it is not there. */
  readonly dir: string;
  /** Default: the machine's. A simulation's clock drives the store's time and all time-outs too. */
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1). Default: Math.random. */
  readonly random?: (() => number) | undefined;
  /** Default: one line of JSON a message on standard error, warnings and errors alone. */
  readonly logger?: Logger | undefined;
  readonly config?: ConfigOverrides | undefined;
  /**
   * Whether a thread watches the event loop, and ends the process when a run blocks it past its time-out and grace. Only for
   * a process that does nothing else. Default: false.
   */
  readonly watchdog?: boolean | undefined;
}

/** A context of one machine, without any cloud. */
export interface LocalContext extends Context {
  readonly http: HttpService;
  readonly bigquery: Warehouse;
  /** Why the process that held a claim is dead, or undefined where it may live: for `recoverHolders`. */
  deathOf(holder: { readonly instance: string; readonly runId: string }): DeadReason | undefined;
  /** Lets go of all files; called again, does nothing. */
  close(): Promise<void>;
}

/**
 * Everything on one machine: BigQuery's SQL on DuckDB, state in one file, objects and heartbeats as files.
 *
 * @throws ConfigurationError when another process holds the warehouse, naming it, the folder can't be used, or a setting is
 * wrong. Nothing is left open then.
 */
export async function createLocalContext(options: LocalContextOptions): Promise<LocalContext> {
  const { dir, clock = realClock, random = Math.random } = options;
  const logger = options.logger ?? createJsonLogger({ clock, level: 'warn' });
  const settings = config({ host: hostname(), instance: thisInstance(), ...options.config });
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new ConfigurationError('createLocalContext.dir', 'a folder that can be written', dir, {
      cause: error,
    });
  }
  const opened: (() => unknown)[] = [];
  const close = async () => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    const bigquery = await openWarehouse({ file: join(dir, 'warehouse.duckdb'), clock });
    opened.push(() => bigquery.close());
    // Only now: whoever holds the warehouse is alone with the rest.
    const lastWordsFile = join(dir, 'last-words.json');
    const lastWords = await readLastWords(lastWordsFile, logger);
    // They were read: their runs have been recovered by then, or are left to the sweep.
    opened.push(() => rm(lastWordsFile, { force: true }));
    const store = localState({
      file: join(dir, 'state.sqlite'),
      ...(options.clock !== undefined && { clock }),
    });
    opened.push(() => store.close());
    const storage = localObjects({ dir: join(dir, 'objects'), clock });
    opened.push(() => storage.close());
    const pool = createHttpClient({ clock });
    opened.push(() => pool.close());
    const heartbeats = heartbeatChain({
      sinks: [fileSink({ dir: join(dir, 'heartbeats'), clock }), memorySink({ clock })],
      clock,
      logger,
    });
    const watchdog = options.watchdog ? await startWatchdog({ lastWords: lastWordsFile, logger }) : undefined;
    opened.push(() => watchdog?.close());
    return {
      bigquery,
      store,
      storage,
      http: httpService(pool, { clock, random }),
      heartbeats,
      upstream: createUpstreamReader({ bigquery, clock, logger }),
      clock,
      random,
      logger,
      config: settings,
      ...(watchdog !== undefined && { watchdog }),
      deathOf({ instance, runId }) {
        if (!isGone(instance)) return undefined;
        return lastWords?.runs.some((run) => run.runId === runId) ? 'event_loop_blocked' : 'stale_heartbeat';
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a process that was ended for a blocked loop left behind; words that can't be read are none, and are logged. */
async function readLastWords(file: string, logger: Logger): Promise<LastWords | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return lastWordsSchema.parse(JSON.parse(text));
  } catch (error) {
    logger.warn(`the last words in ${file} can't be read: their runs count as silently dead`, { error });
    return undefined;
  }
}

const lastWordsSchema: z.ZodType<LastWords> = z.object({
  reason: z.literal('event_loop_blocked'),
  pid: z.number(),
  at: z.string(),
  blockedFor: z.number(),
  runs: z.array(z.object({ runId: z.string(), key: z.string() })),
});
