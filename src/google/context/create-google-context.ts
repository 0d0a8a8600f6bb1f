import { randomUUID } from 'node:crypto';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createHttpClient,
  createJsonLogger,
  type HttpService,
  httpService,
  type Logger,
  type ServiceCircuitOptions,
} from '../../clients/index.ts';
import { type ConfigOverrides, type Context, config } from '../../context/index.ts';
import { heartbeatChain } from '../../heartbeat/index.ts';
import { type Clock, type Duration, milliseconds, realClock } from '../../time/index.ts';
import { createUpstreamReader } from '../../upstream/index.ts';
import { type GoogleBigQuery, googleBigQuery } from '../bigquery/google-bigquery.ts';
import { Documents } from '../firestore/documents.ts';
import { type FirestoreStore, firestoreStore } from '../firestore/firestore-store.ts';
import { heartbeatDocumentSink } from '../firestore/heartbeat-document-sink.ts';
import { cloudLogger } from '../logging/cloud-logger.ts';
import { type CloudLogging, cloudLogging } from '../logging/cloud-logging.ts';
import { heartbeatLogSink } from '../logging/heartbeat-log-sink.ts';
import { currentTrace } from '../logging/trace.ts';
import { type GoogleStorage, googleStorage } from '../storage/google-storage.ts';
import { heartbeatObjectSink } from '../storage/heartbeat-object-sink.ts';
import {
  type Endpoints,
  type Environment,
  type EnvironmentSettings,
  readEnvironment,
} from './environment.ts';
import { checkGiven, namingVariables } from './given.ts';
import { lateWatchdog } from './late-watchdog.ts';
import { mergedConfig } from './merged.ts';
import { checkNesting, type Timeouts } from './nesting.ts';

export interface GoogleContextOptions {
  readonly project: string;
  /** Where BigQuery's jobs run, such as `US` or `europe-west1`. */
  readonly location: string;
  /** The bucket of objects and of the last resort of heartbeats. Default: `<project>-breakwater`. */
  readonly bucket?: string | undefined;
  /** The Firestore database. Default: `(default)`. */
  readonly database?: string | undefined;
  /** Where services are, when not at Google's own addresses. Default: as the emulators' variables say. */
  readonly endpoints?: Endpoints | undefined;
  /** Before what the environment says, and after the defaults. */
  readonly config?: ConfigOverrides | undefined;
  /** The longest a call takes that does not say otherwise itself. */
  readonly timeouts?:
    | {
        /** Default: `TIMEOUT_HTTP_REQUEST`, or 30 s. */
        readonly http?: Duration | undefined;
        /** Default: `TIMEOUT_BIGQUERY_QUERY`, or 120 s. */
        readonly bigquery?: Duration | undefined;
        /** Default: 30 s. */
        readonly storage?: Duration | undefined;
        /** Of state in Firestore. Default: 5 s. */
        readonly store?: Duration | undefined;
        /** Of one heartbeat sink. Default: 2 s. */
        readonly sink?: Duration | undefined;
      }
    | undefined;
  /** When a service, or the origin of an HTTP request, that keeps failing is left alone. Default: as `EXTERNAL_CB_…` say. */
  readonly circuit?: ServiceCircuitOptions | undefined;
  /** A query fails instead of scanning more. Default: the project's own limit. */
  readonly maximumBytesBilled?: number | undefined;
  /** Default: the process's. */
  readonly env?: Environment | undefined;
  /**
   * Default: one line of JSON a message on standard error, which Cloud Run hands to Cloud Logging. `cloud_logging` writes to the log
   * `breakwater` through the API, for where nobody collects standard error: `close` writes what is left.
   */
  readonly logger?: Logger | 'cloud_logging' | undefined;
  /**
   * Whether a thread watches the event loop, and ends the process when a run blocks it past its time-out and grace. Only for a
   * process that does nothing else. The monitor then finds its run dead. Default: false.
   */
  readonly watchdog?: boolean | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1). Default: Math.random. */
  readonly random?: (() => number) | undefined;
}

/** A context of Google's services. */
export interface GoogleContext extends Context, AsyncDisposable {
  readonly http: HttpService;
  readonly bigquery: GoogleBigQuery;
  readonly storage: GoogleStorage;
  readonly cloudLogging: CloudLogging;
  readonly store: FirestoreStore;
  /** Lets go of every client; called again, does nothing. */
  close(): Promise<void>;
}

/**
 * All that a run may use, on Google's services: BigQuery, Cloud Storage, state in Firestore, heartbeats in Firestore, Cloud Logging
 * and Cloud Storage in this order. Nothing is connected, and no package of Google loaded, before it is first used; two contexts
 * share nothing.
 *
 * @throws ConfigurationError naming the option or the environment's variable, or the time-out that is too long for what it is in.
 *
 * @example
 * await using context = createGoogleContext({ project: 'my-project', location: 'US' });
 * const results = await new TeamOffenseGameSummary(context).run({ startDate, endDate });
 */
export function createGoogleContext(options: GoogleContextOptions): GoogleContext {
  const { project, location, bucket = `${project}-breakwater`, database, maximumBytesBilled } = options;
  const { clock = realClock, random = Math.random, env = process.env } = options;
  checkGiven(options);
  const environment = readEnvironment(env);
  const { settings, timeouts } = namingVariables(options, env, environment.variables, () => {
    const settings = config({ host: hostname(), ...mergedConfig(environment.config, options.config ?? {}) });
    const timeouts = timeoutsOf(options, environment);
    checkNesting(timeouts, settings, 3);
    return { settings, timeouts };
  });
  const circuit = { ...environment.circuit, ...definedOf(options.circuit ?? {}) };
  const endpoints = { ...environment.endpoints, ...definedOf(options.endpoints ?? {}) };

  const logging = cloudLogging({ project, clock, endpoint: endpoints.logging });
  const ofLines = { project, clock, trace: currentTrace };
  const lines = options.logger === 'cloud_logging' ? cloudLogger({ ...ofLines, logging }) : undefined;
  const logger = lines ?? (options.logger as Logger | undefined) ?? createJsonLogger(ofLines);

  const pool = createHttpClient({ clock, timeout: timeouts.http });
  const http = httpService(pool, { clock, random, circuit });
  const common = { project, clock, random, circuit };
  const bigquery = googleBigQuery({
    ...common,
    location,
    maximumBytesBilled,
    endpoint: endpoints.bigquery,
    timeout: timeouts.bigquery,
  });
  const objects = { ...common, bucket, endpoint: endpoints.storage };
  const storage = googleStorage({ ...objects, timeout: timeouts.storage });
  const firestore = { project, database, clock, endpoint: endpoints.firestore };
  const store = firestoreStore({ ...firestore, random, timeout: timeouts.store });

  // Of their own: heartbeats must not wait behind anybody, nor be stopped by another's circuit. The chain has one for each sink,
  // within which another would stay open long after the service is back.
  const { interval, staleAfter, deadAfter } = settings.heartbeat;
  const beats = new Documents({ ...firestore, timeout: timeouts.sink });
  const beatObjects = googleStorage({ ...objects, timeout: timeouts.sink, circuit: { failures: Infinity } });
  const heartbeats = heartbeatChain({
    sinks: [
      heartbeatDocumentSink({ documents: beats, clock }),
      heartbeatLogSink({ logging, clock, window: deadAfter + staleAfter }),
      heartbeatObjectSink({ storage: beatObjects, clock }),
    ],
    clock,
    logger,
    timeout: timeouts.sink,
    openFor: interval / 2,
  });

  // Nobody else's, and nobody can have been there before.
  const lastWords = join(tmpdir(), `breakwater-${randomUUID()}-last-words.json`);
  const watchdog = options.watchdog ? lateWatchdog({ lastWords, logger }) : undefined;

  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeInOrder(
      [pool, bigquery, storage, store, beats, beatObjects, ...(watchdog ? [watchdog] : [])],
      // They may still have something to say.
      lines === undefined ? [] : [lines],
      [logging],
    );
    return closing;
  };
  return {
    http,
    bigquery,
    storage,
    store,
    cloudLogging: logging,
    heartbeats,
    upstream: createUpstreamReader({ bigquery, clock, logger }),
    clock,
    random,
    logger,
    config: settings,
    ...(watchdog !== undefined && { watchdog }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function timeoutsOf({ timeouts = {} }: GoogleContextOptions, environment: EnvironmentSettings): Timeouts {
  const { http, bigquery, storage, store, sink } = timeouts;
  return {
    http: milliseconds('timeouts.http', http ?? environment.timeouts.http ?? '30s'),
    bigquery: milliseconds('timeouts.bigquery', bigquery ?? environment.timeouts.bigquery ?? '120s'),
    storage: milliseconds('timeouts.storage', storage ?? '30s'),
    store: milliseconds('timeouts.store', store ?? '5s'),
    sink: milliseconds('timeouts.sink', sink ?? '2s'),
  };
}

/** Closes each, one group after the other, whatever becomes of the others. */
async function closeInOrder(...groups: readonly (readonly { close(): unknown }[])[]): Promise<void> {
  const errors: unknown[] = [];
  for (const clients of groups) {
    const ends = await Promise.allSettled(clients.map(async (client) => client.close()));
    for (const end of ends) if (end.status === 'rejected') errors.push(end.reason);
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} clients could not be closed`);
}

function definedOf<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
}
