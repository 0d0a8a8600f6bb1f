import { type Logger, silentLogger } from '../clients/index.ts';
import { type Clock, milliseconds, type Timer, withinTime } from '../time/index.ts';
import type { Beat } from './beat.ts';
import type { Heartbeats } from './sink.ts';

export interface HeartbeatOptions {
  readonly run: Pick<Beat, 'processor' | 'key' | 'runId' | 'fence' | 'started'>;
  readonly heartbeats: Heartbeats;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Milliseconds between two beats; each is moved by up to 10 % either way. */
  readonly interval: number;
  readonly host: string;
  readonly version: string;
  /** The event loop's worst lag since the last call, in milliseconds. */
  readonly lag?: (() => number) | undefined;
  /** Told, once a run, of beats that could not even be handed over. Default: nobody. */
  readonly logger?: Logger | undefined;
}

/** A run's heartbeat. None of its methods throws, and none but `end` makes the run wait. */
export interface Heartbeat {
  /** How far the run is; the next beat tells it. Numbers that are not finite are not taken. */
  progress(done: number, total?: number, message?: string): void;
  /** What the run is at; told by a beat of its own, at most one every 5 s. */
  step(name: string): void;
  /**
   * Sends the last beat, which says how the run ended and stays until it expires. Resolves when it was delivered, lost, or
   * 10 s have passed. Called again, it only waits.
   */
  end(status: Exclude<Beat['status'], 'running'>): Promise<void>;
}

const stepThrottle = 5_000;
const keptFor = 24 * 3_600_000;
// A chain of three sinks takes 6 s at most; this bounds one that is not ours.
const longestSend = 10_000;
const longestStep = 200;
const longestMessage = 500;

/**
 * Beats at once, then every interval, when the step changes, and at the end.
 *
 * Invariants: the run never waits for a beat but its last; one beat at most is on its way, and the next carries the newest
 * state; the sequence grows by one a beat; after the end there is no timer.
 *
 * @throws ConfigurationError for an interval that is no duration.
 */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  milliseconds('heartbeat.interval', options.interval);
  return new Emitter(options);
}

class Emitter implements Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #logger: Logger;
  #sequence = 0;
  #step: string | null = null;
  #progress: Beat['progress'] = null;
  #progressed: number;
  #timer: Timer | undefined;
  #dueAt = Infinity;
  #sentAt = 0;
  #onItsWay: Promise<void> | undefined;
  // A beat became due while one was on its way.
  #again = false;
  #ended: Promise<void> | undefined;
  #complained = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#progressed = options.clock.wallNow();
    this.#beat();
  }

  progress(done: number, total?: number, message?: string): void {
    if (this.#ended !== undefined || !Number.isFinite(done)) return;
    const next = {
      done,
      total: total !== undefined && Number.isFinite(total) ? total : null,
      message: message?.slice(0, longestMessage) ?? null,
    };
    const was = this.#progress;
    if (was?.done === next.done && was.total === next.total && was.message === next.message) return;
    this.#progress = next;
    this.#progressed = this.#options.clock.wallNow();
  }

  step(name: string): void {
    const next = name.slice(0, longestStep);
    if (this.#ended !== undefined || next === this.#step) return;
    const { clock } = this.#options;
    this.#step = next;
    this.#progressed = clock.wallNow();
    const allowedAt = this.#sentAt + stepThrottle;
    if (allowedAt <= clock.now()) this.#beat();
    else if (allowedAt < this.#dueAt) this.#arm(allowedAt - clock.now());
  }

  end(status: Exclude<Beat['status'], 'running'>): Promise<void> {
    this.#ended ??= this.#end(status);
    return this.#ended;
  }

  #beat(): void {
    const { interval, random } = this.#options;
    this.#arm(interval * (0.9 + 0.2 * random()));
    if (this.#onItsWay !== undefined) {
      this.#again = true;
      return;
    }
    this.#sentAt = this.#options.clock.now();
    this.#onItsWay = this.#within('heartbeat', () => this.#send('running')).then(() => {
      this.#onItsWay = undefined;
      if (!this.#again || this.#ended !== undefined) return;
      this.#again = false;
      this.#beat();
    });
  }

  async #end(status: Beat['status']): Promise<void> {
    this.#timer?.cancel();
    await this.#within('last heartbeat', async () => {
      await this.#onItsWay;
      await this.#send(status);
    });
  }

  #arm(delay: number): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#dueAt = clock.now() + delay;
    this.#timer = clock.setTimer(delay, () => this.#beat());
  }

  async #send(status: Beat['status']): Promise<void> {
    await this.#options.heartbeats.send(this.#next(status));
  }

  /** Whatever happens to a beat, the run goes on. */
  async #within(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await withinTime(this.#options.clock, longestSend, what, work);
    } catch (error) {
      if (this.#complained) return;
      this.#complained = true;
      this.#logger.error(`a ${what} could not be sent; further ones of this run are not logged`, { error });
    }
  }

  #next(status: Beat['status']): Beat {
    const { run, clock, host, version, lag } = this.#options;
    const { processor, key, runId, fence, started } = run;
    const worstLag = lag?.() ?? 0;
    const wall = clock.wallNow();
    this.#sequence += 1;
    return {
      processor,
      key,
      runId,
      fence,
      status,
      started,
      beat: new Date(wall).toISOString(),
      sequence: this.#sequence,
      progress: this.#progress,
      step: this.#step,
      progressed: new Date(this.#progressed).toISOString(),
      lag: worstLag,
      host,
      version,
      expires: new Date(wall + keptFor).toISOString(),
    };
  }
}
