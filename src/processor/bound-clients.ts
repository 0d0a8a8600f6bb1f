import type { BigQueryClient, CallOptions, Fence, HttpClient, StorageClient } from '../clients/index.ts';
import { TimeoutError } from '../errors/index.ts';
import { milliseconds } from '../time/index.ts';
import { withEither } from './either-signal.ts';

/** What a run puts on every call that is made through it. */
export interface RunBounds {
  readonly signal: AbortSignal;
  readonly fence: Fence;
  remaining(): number;
}

/** The warehouse for one run: each call within its time, each write under its fence. */
export function bindBigQuery(client: BigQueryClient, run: RunBounds): BigQueryClient {
  const { timeout: usual = 120_000 } = client;
  return {
    query: (sql, options) =>
      call(run, options, usual, (bounds) => client.query(sql, { ...options, ...bounds })),
    async *stream(sql, options) {
      const bounds = { signal: signalOf(run, options), timeout: timeOf(run, options, usual) };
      yield* client.stream(sql, { ...options, ...bounds });
    },
    insert: (table, rows, options) =>
      call(run, options, usual, (bounds) => client.insert(table, rows, { ...options, ...bounds })),
    load: (table, source, options) =>
      call(run, options, usual, (bounds) => client.load(table, source, { ...options, ...bounds })),
    replacePartition: (table, partition, rows, options) =>
      call(run, options, usual, (bounds) =>
        client.replacePartition(table, partition, rows, { ...options, ...bounds, fence: run.fence }),
      ),
    merge: (table, rows, options) =>
      call(run, options, usual, (bounds) =>
        client.merge(table, rows, { ...options, ...bounds, fence: run.fence }),
      ),
  };
}

export function bindHttp(client: HttpClient, run: RunBounds): HttpClient {
  const { timeout: usual = 30_000 } = client;
  return {
    request: (url, options) =>
      call(run, options, usual, (bounds) => client.request(url, { ...options, ...bounds })),
    getJson: (url, options) =>
      call(run, options, usual, (bounds) => client.getJson(url, { ...options, ...bounds })),
  };
}

export function bindStorage(client: StorageClient, run: RunBounds): StorageClient {
  const { timeout: usual = 60_000 } = client;
  return {
    save: (path, data, options) =>
      call(run, options, usual, (bounds) => client.save(path, data, { ...options, ...bounds })),
    read: (path, options) =>
      call(run, options, usual, (bounds) => client.read(path, { ...options, ...bounds })),
    readStream: (path, options) =>
      call(run, options, usual, (bounds) => client.readStream(path, { ...options, ...bounds }), 'lasting'),
    list: (prefix, options) =>
      call(run, options, usual, (bounds) => client.list(prefix, { ...options, ...bounds })),
    delete: (path, options) =>
      call(run, options, usual, (bounds) => client.delete(path, { ...options, ...bounds })),
  };
}

/** Not async: it stands around every call, and would be another promise for each. */
function call<T>(
  run: RunBounds,
  options: CallOptions | undefined,
  usual: number,
  make: (bounds: { readonly signal: AbortSignal; readonly timeout: number }) => Promise<T>,
  result: 'done' | 'lasting' = 'done',
): Promise<T> {
  try {
    const timeout = timeOf(run, options, usual);
    const own = options?.signal;
    // A stream goes on when the call that opened it is done, and is ended by either all the same.
    if (result === 'lasting' || own === undefined || own === run.signal)
      return make({ signal: signalOf(run, options), timeout });
    return withEither(run.signal, own, (signal) => make({ signal, timeout }));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Invariant: no call starts once the run was stopped, and none is given more time than the run has left. */
function timeOf(run: RunBounds, options: CallOptions | undefined, usual: number): number {
  run.signal.throwIfAborted();
  const left = run.remaining();
  // The deadline's timer is late (the event loop was blocked): the run is over though nobody has said so yet.
  if (left === 0) throw new TimeoutError('The run is past its deadline: no further call is made', 0);
  return Math.min(milliseconds('timeout', options?.timeout ?? usual, { infinite: true }), left);
}

function signalOf(run: RunBounds, { signal: own }: CallOptions = {}): AbortSignal {
  return own === undefined || own === run.signal ? run.signal : AbortSignal.any([run.signal, own]);
}
