import { createHash } from 'node:crypto';
import { RateLimitError, ServiceError } from '../../errors/index.ts';
import { type Beat, type HeartbeatSink, parseBeat } from '../../heartbeat/index.ts';
import type { Clock } from '../../time/index.ts';
import type { CloudLogging, FoundEntry } from './cloud-logging.ts';

export interface HeartbeatLogSinkOptions {
  readonly logging: CloudLogging;
  readonly clock: Clock;
  /** Default: `breakwater-heartbeats`. */
  readonly log?: string | undefined;
  /** The most pages it reads in a minute, of the project's 60. Default: 30. */
  readonly pagesPerMinute?: number | undefined;
}

// As long as a beat may live.
const longestLife = 24 * 3_600_000;
// 1,000 beats each: a day of 14 runs.
const mostPages = 20;
const minute = 60_000;

/**
 * Heartbeats as entries of a log, each beat one. Nothing is ever replaced there: the newest beat of a run is found when it is
 * read, so that a late one changes nothing. Good to write to while Firestore is away, poor to poll: a read over its share of
 * the quota fails, and the monitor then knows that it does not know.
 */
export function heartbeatLogSink(options: HeartbeatLogSinkOptions): HeartbeatSink {
  const { logging, clock, log = 'breakwater-heartbeats', pagesPerMinute = 30 } = options;
  const quota = new Quota(clock, pagesPerMinute);
  return {
    name: 'cloud_logging',
    async write(beat, { signal }) {
      signal.throwIfAborted();
      await logging.write(log, [entryOf(beat)], { signal });
    },
    async read({ signal, unreadable }) {
      const since = new Date(clock.wallNow() - longestLife).toISOString();
      const newest = new Map<string, Found>();
      let after: string | undefined;
      for (let page = 1; page <= mostPages; page++) {
        signal.throwIfAborted();
        quota.take();
        const { entries, next } = await logging.entries(log, { since, after, signal });
        for (const entry of entries) {
          try {
            keepNewest(newest, { beat: parseBeat(entry.payload.beat, `Log entry ${entry.insertId}`), entry });
          } catch (error) {
            unreadable?.({ record: entry.insertId, runId: undefined, error });
          }
        }
        if (next === undefined) return living(newest, clock.wallNow());
        after = next;
      }
      throw new ServiceError(`Log ${log} holds more than ${mostPages} pages of heartbeats`, {
        service: 'cloud_logging',
        kind: 'permanent',
        code: 'too_many_pages',
      });
    },
  };
}

interface Found {
  readonly beat: Beat;
  readonly entry: FoundEntry;
}

function entryOf(beat: Beat) {
  const { processor, runId, sequence, status } = beat;
  const run = createHash('sha256').update(runId).digest('hex').slice(0, 32);
  return {
    timestamp: beat.beat,
    severity: 'INFO',
    insertId: `${run}-${sequence}`,
    labels: { kind: 'heartbeat', processor, status },
    payload: { message: `${processor} ${status}`, beat: { ...beat } },
  } as const;
}

function keepNewest(newest: Map<string, Found>, found: Found): void {
  const known = newest.get(found.beat.runId);
  const order = known === undefined ? 1 : found.beat.sequence - known.beat.sequence;
  // Of two with one sequence, the one that came first.
  const first = (known?.entry.received ?? '') > (found.entry.received ?? '');
  if (order > 0 || (order === 0 && first)) newest.set(found.beat.runId, found);
}

function living(newest: ReadonlyMap<string, Found>, now: number): Beat[] {
  return [...newest.values()].map(({ beat }) => beat).filter(({ expires }) => Date.parse(expires) > now);
}

/** So many in any minute. */
class Quota {
  readonly #clock: Clock;
  readonly #limit: number;
  #taken: number[] = [];

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  take(): void {
    const now = this.#clock.now();
    this.#taken = this.#taken.filter((at) => at > now - minute);
    const [oldest = now] = this.#taken;
    if (this.#taken.length >= this.#limit)
      throw new RateLimitError(
        `More than ${this.#limit} pages of heartbeats a minute`,
        oldest + minute - now,
      );
    this.#taken.push(now);
  }
}
