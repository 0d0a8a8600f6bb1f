import type { RunResult } from '../processor/index.ts';

/** What one sweep found and did. */
export interface SweepReport {
  /** Results of the runs it started, in the order in which they ended. */
  readonly results: readonly RunResult[];
  /** Keys whose runs had ended without giving them back. */
  readonly recovered: readonly string[];
  /** Keys that waited too long. */
  readonly gaveUp: readonly string[];
  /** What still waits, and for what, whether or not it was due to be looked at. */
  readonly waiting: readonly {
    readonly key: string;
    readonly reason: string;
    readonly missing: readonly string[];
  }[];
  /** Records that this release can't read, left for the one that can. */
  readonly unreadable: readonly string[];
}

export const nothingFound: SweepReport = {
  results: [],
  recovered: [],
  gaveUp: [],
  waiting: [],
  unreadable: [],
};

/** Two sweeps' reports as one: what waits is what the later one says. */
export function joined(first: SweepReport, second: SweepReport): SweepReport {
  const later = new Set([...second.waiting, ...second.results].map(({ key }) => key));
  return {
    results: [...first.results, ...second.results],
    recovered: [...first.recovered, ...second.recovered],
    gaveUp: [...first.gaveUp, ...second.gaveUp],
    waiting: [...first.waiting.filter(({ key }) => !later.has(key)), ...second.waiting],
    unreadable: [...new Set([...first.unreadable, ...second.unreadable])],
  };
}

/** A report that is being written. */
export class SweepDraft {
  readonly results: RunResult[] = [];
  readonly recovered: string[] = [];
  readonly gaveUp: string[] = [];
  readonly #waiting = new Map<string, SweepReport['waiting'][number]>();
  readonly #unreadable = new Set<string>();

  waits(key: string, reason: string, missing: readonly string[] = []): void {
    this.#waiting.set(key, { key, reason, missing });
  }

  /** What was looked at in this sweep says more than the record does. */
  isNotDue(key: string, reason: string, missing: readonly string[]): void {
    if (!this.#waiting.has(key)) this.waits(key, reason, missing);
  }

  starts(key: string): void {
    this.#waiting.delete(key);
  }

  cannotRead(key: string): void {
    this.#unreadable.add(key);
  }

  get report(): SweepReport {
    const { results, recovered, gaveUp } = this;
    return {
      results,
      recovered,
      gaveUp,
      waiting: [...this.#waiting.values()],
      unreadable: [...this.#unreadable],
    };
  }
}
