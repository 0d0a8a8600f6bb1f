import { boundedCall, type WriteOptions } from '../../clients/index.ts';
import { ServiceError, TimeoutError } from '../../errors/index.ts';
import { milliseconds } from '../../time/index.ts';
import { CallersError } from '../callers-error.ts';
import type { GoogleCalls } from '../google-calls.ts';
import { concurrentUpdate } from './bigquery-error.ts';
import type { JobCall } from './job-call.ts';
import { longPoll } from './jobs.ts';
import { Places } from './places.ts';
import { checkLabels } from './query-configuration.ts';

/** So long after the last word of a job BigQuery counts as there: it holds a request for a result, and answers need their time. */
const heardWithin = longPoll + 5_000;
/** The call's own bound comes first; the other stands behind it. */
const behind = 1_000;

/**
 * The calls of the client: each in its place and its time. The service's circuit hears of what BigQuery does wrong alone; not of a wait for a
 * place of ours, of work that takes longer than its caller waits, or of two writers of one table.
 */
export class BigQueryCalls {
  readonly #calls: GoogleCalls;
  readonly #places: Places;

  constructor(calls: GoogleCalls, concurrency: number) {
    this.#calls = calls;
    this.#places = new Places(concurrency, calls.clock);
  }

  /** @throws ConfigurationError for labels or a time that can't be ones; BulkheadFullError if no place was free in the call's time. */
  async run<T>(what: string, options: WriteOptions, work: (call: JobCall) => Promise<T>): Promise<T> {
    const { signal, labels } = options;
    const { clock } = this.#calls;
    const timeout = milliseconds('timeout', options.timeout ?? this.#calls.timeout);
    checkLabels(labels);
    const end = clock.now() + timeout;
    const free = await this.#places.take(what, timeout, signal);
    let working: Promise<unknown> | undefined;
    try {
      const after = Math.max(end - clock.now(), 1);
      return await this.#calls.bounded(what, { signal, timeout: after + behind }, async (given) => {
        let call: JobCall | undefined;
        try {
          return await boundedCall({ clock, after, signal: given, what }, (within) => {
            call = { signal: within, timeout, labels, toldAt: undefined };
            const done = work(call);
            working = done;
            return done;
          });
        } catch (error) {
          throw this.#blames(error, call) ? error : new CallersError(`${what} failed`, { cause: error });
        }
      });
    } finally {
      // The place is held until the work has ended, which may be after its call has.
      const begun = working ?? Promise.resolve();
      void begun.then(free, free);
    }
  }

  /** Whether the error says something of the service. */
  #blames(error: unknown, call: JobCall | undefined): boolean {
    if (error instanceof ServiceError) return error.code !== concurrentUpdate;
    if (!(error instanceof TimeoutError) || call?.toldAt === undefined) return true;
    return this.#calls.clock.now() - call.toldAt > heardWithin;
  }
}
