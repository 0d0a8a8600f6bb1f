import type { Clock, Timer } from '../time/index.ts';
import { withinTime } from '../time/index.ts';
import type { Beat } from './beat.ts';
import type { Heartbeats } from './sink.ts';

export interface HeartbeatOptions {
  readonly run: Pick<Beat, 'processor' | 'key' | 'runId' | 'fence' | 'started'>;
  readonly heartbeats: Heartbeats;
  readonly clock: Clock;
  readonly random: () => number;
  /** Milliseconds between two beats; each is moved by up to 10 % either way. */
  readonly interval: number;
  readonly host: string;
  readonly version: string;
  /** The event loop's worst lag since the last call, in milliseconds. */
  readonly lag?: (() => number) | undefined;
}

/** A run's heartbeat. */
export interface Heartbeat {
  progress(done: number, total?: number, message?: string): void;
  step(name: string): void;
  /** Sends the last beat; resolves when it was delivered or given up, and leaves nothing behind. */
  end(status: Beat['status']): Promise<void>;
}

// Steps may change a hundred times a second; a sink is told of it at most this often.
const stepThrottle = 5_000;
const keptFor = 24 * 3_600_000;
const lastBeatTime = 10_000;

/**
 * Beats at once, then every interval, on changes of step, and at the end. Never delays the run: one beat at most is on its
 * way, and the next one carries the newest state.
 */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { run, heartbeats, clock, random, interval, host, version, lag } = options;
  let sequence = 0;
  let step: string | null = null;
  let progress: Beat['progress'] = null;
  let timer: Timer | undefined;
  let sending: Promise<unknown> | undefined;
  let wanted = false;
  let lastSent = Number.NEGATIVE_INFINITY;
  let ended = false;

  const beat = (status: Beat['status']): Beat => {
    const wall = clock.wallNow();
    sequence += 1;
    return {
      ...run,
      status,
      beat: new Date(wall).toISOString(),
      sequence,
      progress,
      step,
      lag: lag?.() ?? 0,
      host,
      version,
      expires: new Date(wall + keptFor).toISOString(),
    };
  };
  const send = (): void => {
    if (ended) return;
    arm(interval * (0.9 + 0.2 * random()));
    if (sending !== undefined) {
      wanted = true;
      return;
    }
    lastSent = clock.now();
    sending = heartbeats.send(beat('running')).finally(() => {
      sending = undefined;
      if (!wanted) return;
      wanted = false;
      send();
    });
  };
  const arm = (delay: number): void => {
    timer?.cancel();
    timer = clock.setTimer(delay, send);
  };
  send();

  return {
    progress(done, total, message) {
      progress = { done, total: total ?? null, message: message ?? null };
    },
    step(name) {
      step = name;
      if (ended) return;
      const wait = lastSent + stepThrottle - clock.now();
      if (wait <= 0) send();
      else arm(wait);
    },
    async end(status) {
      ended = true;
      timer?.cancel();
      wanted = false;
      await sending;
      // The chain bounds each sink; this bounds the whole, so that the run's end never hangs on it.
      await withinTime(clock, lastBeatTime, 'last beat', () => heartbeats.send(beat(status))).catch(() => {});
    },
  };
}
