import type { Clock } from '../time/index.ts';
import type { StepTiming } from './run-result.ts';

// A run record has a bound in size: beyond these the steps of a loop are work for the heartbeat's progress.
const mostSteps = 200;
const longestName = 200;

/** The named parts of a run's work: those that have ended, and those still open. */
export class StepLog {
  readonly #clock: Clock;
  readonly #ended: StepTiming[] = [];
  readonly #open = new Set<{ readonly name: string; readonly since: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async time<T>(name: string, work: () => Promise<T> | T): Promise<T> {
    const step = { name: name.slice(0, longestName), since: this.#clock.now() };
    this.#open.add(step);
    let outcome: StepTiming['outcome'] = 'failed';
    try {
      const value = await work();
      outcome = 'done';
      return value;
    } finally {
      this.#open.delete(step);
      if (this.#ended.length < mostSteps) this.#ended.push(this.#timing(step, outcome));
    }
  }

  /** Each step's time, in the order in which they ended; those still open come last, as abandoned. At most 200. */
  timings(): readonly StepTiming[] {
    const open = [...this.#open].map((step) => this.#timing(step, 'abandoned'));
    return [...this.#ended, ...open].slice(0, mostSteps);
  }

  #timing({ name, since }: { name: string; since: number }, outcome: StepTiming['outcome']): StepTiming {
    return { name, durationMs: this.#clock.now() - since, outcome };
  }
}
