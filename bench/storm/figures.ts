import { countedHours, hour, start } from './assumptions.ts';

/** What a world came to. */
export interface WorldFigures {
  readonly starts: number;
  /** 21 numbers: the hours 0 to 20 UTC. */
  readonly startsByHour: readonly number[];
  readonly failures: number;
  /** Runs that were left "running". */
  readonly stuck: number;
  readonly deadLettered: number;
  readonly upstreamQueries: number;
  readonly successes: number;
  /** From the last needed row of the day to its output; null if that never came. */
  readonly secondsFromDataToOutput: number | null;
}

/** Counts while a world runs. */
export class Tally {
  readonly startsByHour: number[] = Array.from({ length: countedHours }, () => 0);
  failures = 0;
  stuck = 0;
  upstreamQueries = 0;
  successes = 0;
  outputAt: number | undefined;

  started(wall: number): void {
    const at = Math.floor((wall - start) / hour);
    if (at < countedHours) this.startsByHour[at] = (this.startsByHour[at] ?? 0) + 1;
  }

  figures(deadLettered: number, dataAt: number): WorldFigures {
    const { startsByHour, failures, stuck, upstreamQueries, successes, outputAt } = this;
    return {
      starts: startsByHour.reduce((sum, count) => sum + count, 0),
      startsByHour,
      failures,
      stuck,
      deadLettered,
      upstreamQueries,
      successes,
      secondsFromDataToOutput: outputAt === undefined ? null : Math.round((outputAt - dataAt) / 1_000),
    };
  }
}

/** Spearman's rank correlation; equal values share the mean of their ranks. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length + 1) / 2;
  const product = (left: readonly number[], right: readonly number[]) =>
    left.reduce((sum, rank, index) => sum + (rank - mean) * ((right[index] ?? 0) - mean), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const same = values.filter((other) => other === value).length;
    return below + (same + 1) / 2;
  });
}
