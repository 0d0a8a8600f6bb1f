import { kindOf } from '../../errors/index.ts';
import { type Clock, sleep, type Timer, withinTime } from '../../time/index.ts';
import type { CloudLogging, LogEntry } from './cloud-logging.ts';
import { sizeOf } from './wire-size.ts';

export interface LogBufferOptions {
  readonly logging: CloudLogging;
  readonly log: string;
  readonly clock: Clock;
  /** Milliseconds from an entry until it is sent, with all that have come meanwhile. */
  readonly flushEvery: number;
  /** Milliseconds that one request takes at most. */
  readonly timeout: number;
  /** Entries that wait at most; more drop the oldest. */
  readonly mostWaiting: number;
  /** Is told that entries could not be written. */
  readonly onFailure: (error: unknown, state: { readonly waiting: number; readonly dropped: number }) => void;
}

// The service takes 1,000 entries of together 10 MB in a request.
const mostEntries = 1_000;
const mostBytes = 5_000_000;
const mostBytesWaiting = 20_000_000;
const longestPause = 60_000;
const betweenTries = 200;

interface Waiting {
  readonly entry: LogEntry;
  readonly bytes: number;
}

/**
 * Entries on their way to a log: gathered, sent in order by one request at a time, and kept while the service is away.
 *
 * Invariants: `add` never throws and never waits; what waits is bounded in entries and bytes; every entry is written or counted
 * as dropped. One whose answer was lost is sent again, and shown once by its insertId.
 */
export class LogBuffer {
  readonly #options: LogBufferOptions;
  readonly #closing = new AbortController();
  #waiting: Waiting[] = [];
  #bytes = 0;
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #failures = 0;
  #written = 0;
  #dropped = 0;

  constructor(options: LogBufferOptions) {
    this.#options = options;
  }

  add(entry: LogEntry): void {
    const bytes = sizeOf(entry);
    this.#waiting.push({ entry, bytes });
    this.#bytes += bytes;
    this.#trim();
    if (this.#failures > 0) return;
    if (this.#waiting.length >= mostEntries || this.#bytes >= mostBytes) void this.#send();
    else if (this.#sending === undefined) this.#arm(this.#options.flushEvery);
  }

  statistics(): { readonly written: number; readonly dropped: number; readonly waiting: number } {
    return { written: this.#written, dropped: this.#dropped, waiting: this.#waiting.length };
  }

  /** Resolves when all that waits has been written, or the time is up: true, or false. */
  async flush(within: number): Promise<boolean> {
    const { clock } = this.#options;
    try {
      await withinTime(clock, within, 'flush of log lines', async (signal) => {
        while (this.#waiting.length > 0 || this.#sending !== undefined) {
          await this.#send();
          if (this.#waiting.length > 0) await sleep(clock, betweenTries, signal);
        }
      });
      return true;
    } catch {
      return false;
    }
  }

  /** Sends what it can within the time; the rest is dropped, and counted. */
  async close(within: number): Promise<void> {
    const isDone = await this.flush(within);
    this.#timer?.cancel();
    this.#closing.abort();
    await this.#sending;
    if (isDone) return;
    this.#drop(this.#waiting.length);
    this.#complain(undefined);
  }

  #send(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
      if (this.#waiting.length > 0 && !this.#closing.signal.aborted) this.#arm(this.#pause());
    });
    return this.#sending;
  }

  /** Until nothing waits, or a request fails. */
  async #sendAll(): Promise<void> {
    const { logging, log, timeout } = this.#options;
    const { signal } = this.#closing;
    while (this.#waiting.length > 0 && !signal.aborted) {
      const batch = this.#take();
      try {
        const entries = batch.map(({ entry }) => entry);
        await logging.write(log, entries, { timeout, signal, partial: true });
        this.#written += batch.length;
        this.#failures = 0;
      } catch (error) {
        if (mayPass(error) || signal.aborted) this.#putBack(batch);
        else this.#dropped += batch.length;
        this.#failures += 1;
        if (!signal.aborted) this.#complain(error);
        return;
      }
    }
  }

  #complain(error: unknown): void {
    try {
      this.#options.onFailure(error, this.statistics());
    } catch {
      // Whoever is told has failed too: there is nobody left to tell, and lines must go on all the same.
    }
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { bytes: more } of this.#waiting.slice(0, mostEntries)) {
      if (count > 0 && bytes + more > mostBytes) break;
      bytes += more;
      count += 1;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  #putBack(batch: readonly Waiting[]): void {
    this.#waiting.unshift(...batch);
    this.#bytes += batch.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#trim();
  }

  #trim(): void {
    let excess = Math.max(0, this.#waiting.length - this.#options.mostWaiting);
    let bytes = this.#bytes;
    for (const [index, waiting] of this.#waiting.entries()) {
      if (index >= excess && bytes <= mostBytesWaiting) break;
      bytes -= waiting.bytes;
      excess = Math.max(excess, index + 1);
    }
    this.#drop(excess);
  }

  /** The oldest go. */
  #drop(count: number): void {
    for (const { bytes } of this.#waiting.splice(0, count)) this.#bytes -= bytes;
    this.#dropped += count;
  }

  #pause(): number {
    const { flushEvery } = this.#options;
    return this.#failures === 0
      ? flushEvery
      : Math.max(flushEvery, Math.min(longestPause, 1_000 * 2 ** (this.#failures - 1)));
  }

  #arm(delay: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#options.clock.setTimer(delay, () => void this.#send());
    // A service that is away keeps no process alive.
    if (this.#failures > 0) this.#timer.rest?.();
  }
}

function mayPass(error: unknown): boolean {
  const kind = kindOf(error);
  return kind === 'transient' || kind === 'throttled' || kind === 'timeout';
}
