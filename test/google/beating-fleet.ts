import { setTimeout as wait } from 'node:timers/promises';
import { type Beat, type Heartbeats, startHeartbeat } from '../../src/heartbeat/index.ts';
import { realClock } from '../../src/time/index.ts';

/** One beat of the fleet: when it was sent, where it went, and when; monotonic milliseconds. */
export interface FleetBeat {
  readonly beat: Beat;
  readonly sent: number;
  sink?: string;
  over?: number;
}

const stepTime = 50;
// Twenty runs are at work within 5 s, which is how often one may tell of a step. All at once they would beat in step for ever, and a
// sink that is left alone for as long would be asked at every second beat only.
const stepsBetweenStarts = 5;

/** Runs that work and beat in real time, and one that works without beating, to tell what the machine itself holds up. */
export class Fleet {
  readonly beats: FleetBeat[] = [];
  readonly #works: { steps: number; readonly done: Promise<void> }[];
  readonly #control: { steps: number; readonly done: Promise<void> };
  #stopped = false;

  constructor(heartbeats: Heartbeats, interval: number, runIds: readonly string[]) {
    const watched: Heartbeats = { ...heartbeats, send: (beat) => this.#send(heartbeats, beat) };
    this.#works = runIds.map((runId, number) => this.#work(number, runId, watched, interval));
    this.#control = this.#loop(() => undefined);
  }

  /** How many steps fewer than the control the slowest run has made since the fleet set out. */
  behind(): number {
    return this.#control.steps - Math.min(...this.#works.map(({ steps }) => steps));
  }

  /** How many steps the control has made. */
  get steps(): number {
    return this.#control.steps;
  }

  /** Beats that were sent from then on. */
  since(time: number): FleetBeat[] {
    return this.beats.filter(({ sent }) => sent >= time);
  }

  /** Ends the runs; resolves when their last beats are over. */
  async end(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#works, this.#control].map(({ done }) => done));
  }

  #work(number: number, runId: string, heartbeats: Heartbeats, interval: number) {
    const start = () =>
      startHeartbeat({
        run: {
          processor: 'Fleet',
          key: `key/${runId}`,
          runId,
          fence: 1,
          started: new Date().toISOString(),
        },
        heartbeats,
        clock: realClock,
        random: Math.random,
        interval,
        host: 'host-1',
        version: '1.0.0',
      });
    let heartbeat: ReturnType<typeof start> | undefined;
    const work = this.#loop((step) => {
      if (step > number * stepsBetweenStarts) heartbeat ??= start();
      heartbeat?.progress(step);
      if (step % 20 === 0) heartbeat?.step(`step ${step}`);
    });
    const done = work.done.then(() => heartbeat?.end('succeeded'));
    return Object.defineProperty(work, 'done', { value: done });
  }

  #loop(each: (step: number) => void): { steps: number; readonly done: Promise<void> } {
    const loop = { steps: 0, done: Promise.resolve() };
    loop.done = (async () => {
      while (!this.#stopped) {
        await wait(stepTime);
        loop.steps += 1;
        each(loop.steps);
      }
    })();
    return loop;
  }

  async #send(heartbeats: Heartbeats, beat: Beat) {
    const entry: FleetBeat = { beat, sent: performance.now() };
    this.beats.push(entry);
    const delivery = await heartbeats.send(beat);
    entry.over = performance.now();
    if ('sink' in delivery) entry.sink = delivery.sink;
    return delivery;
  }
}
