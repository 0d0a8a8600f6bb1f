import { createHash } from 'node:crypto';
import { RateLimitError, ServiceError } from '../../errors/index.ts';
import { type Beat, type HeartbeatSink, parseBeat, type SinkRead } from '../../heartbeat/index.ts';
import { type Clock, milliseconds } from '../../time/index.ts';
import type { CloudLogging, EntriesQuery, FoundEntry } from './cloud-logging.ts';

export interface HeartbeatLogSinkOptions {
  readonly logging: CloudLogging;
  readonly clock: Clock;
  /** Default: `breakwater-heartbeats`. */
  readonly log?: string | undefined;
  /** The most pages it reads in a minute, of the project's 60. Default: 30. */
  readonly pagesPerMinute?: number | undefined;
  /**
   * How far back every beat is read, in milliseconds: longer than a run may be silent until it is called dead. Of what is older only
   * the first page, and how runs ended. Default: 1,200,000.
   */
  readonly window?: number | undefined;
}

// As long as a beat may live.
const longestLife = 24 * 3_600_000;
// 1,000 beats each, in one read.
const mostPages = 10;
const minute = 60_000;

/**
 * Heartbeats as entries of a log, each beat one. Nothing is ever replaced there: the newest beat of a run is found when it is
 * read, so that a late one changes nothing. Good to write to while Firestore is away, poor to poll: a read over its share of
 * the quota fails, and the monitor then knows that it does not know. A read that finds more than it may read gives what is newest, and
 * tells that older beats are unreadable.
 */
export function heartbeatLogSink(options: HeartbeatLogSinkOptions): HeartbeatSink {
  const { logging, clock, log = 'breakwater-heartbeats', pagesPerMinute = 30 } = options;
  const window = milliseconds('heartbeatLogSink.window', options.window ?? 20 * minute);
  const quota = new Quota(clock, pagesPerMinute);
  return {
    name: 'cloud_logging',
    async write(beat, { signal }) {
      signal.throwIfAborted();
      await logging.write(log, [entryOf(beat)], { signal });
    },
    async read(call) {
      const reading = new Reading({ logging, clock, log, quota, call });
      const now = clock.wallNow();
      const isAll = await reading.take({}, now - window);
      // The log is long: how runs ended tells a beat each.
      if (!isAll) await reading.take({ withoutLabels: { status: 'running' } }, now - longestLife);
      return reading.living();
    },
  };
}

interface ReadingOptions {
  readonly logging: CloudLogging;
  readonly clock: Clock;
  readonly log: string;
  readonly quota: Quota;
  readonly call: SinkRead;
}

/** One read of the log, the newest entries first. */
class Reading {
  readonly #options: ReadingOptions;
  readonly #since: number;
  readonly #newest = new Map<string, Found>();
  #pages = 0;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#since = options.clock.wallNow() - longestLife;
  }

  /** Reads page by page, back to a time; whether there was nothing more. */
  async take(which: Pick<EntriesQuery, 'withoutLabels'>, until: number): Promise<boolean> {
    const { logging, log, call } = this.#options;
    const since = new Date(this.#since).toISOString();
    let after: string | undefined;
    let oldest: string | undefined;
    while (oldest === undefined || Date.parse(oldest) >= until) {
      call.signal.throwIfAborted();
      if (!this.#mayGoOn(oldest)) return false;
      const { entries, next } = await logging.entries(log, { ...which, since, after, signal: call.signal });
      for (const entry of entries) this.#keep(entry);
      if (next === undefined) return true;
      after = next;
      oldest = entries.at(-1)?.timestamp ?? oldest;
    }
    return false;
  }

  living(): readonly Beat[] {
    const now = this.#options.clock.wallNow();
    return [...this.#newest.values()]
      .map(({ beat }) => beat)
      .filter(({ expires }) => Date.parse(expires) > now);
  }

  /** @throws RateLimitError if nothing has been read at all. */
  #mayGoOn(oldest: string | undefined): boolean {
    const { quota, log, call } = this.#options;
    try {
      if (this.#pages >= mostPages) throw tooManyPages(log);
      quota.take();
      this.#pages += 1;
      return true;
    } catch (error) {
      if (this.#pages === 0) throw error;
      const record = `${log}, ${oldest === undefined ? 'ends of runs' : `before ${oldest}`}`;
      call.unreadable?.({ record, runId: undefined, error });
      return false;
    }
  }

  #keep(entry: FoundEntry): void {
    try {
      const beat = parseBeat(entry.payload.beat, `Log entry ${entry.insertId}`);
      keepNewest(this.#newest, { beat, entry });
    } catch (error) {
      this.#options.call.unreadable?.({ record: entry.insertId, runId: undefined, error });
    }
  }
}

function tooManyPages(log: string): ServiceError {
  return new ServiceError(`Log ${log} holds more than ${mostPages} pages of heartbeats`, {
    service: 'cloud_logging',
    kind: 'permanent',
    code: 'too_many_pages',
  });
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
