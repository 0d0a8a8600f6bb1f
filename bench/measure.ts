import type { Case } from './case.ts';

export interface Measured {
  readonly case: string;
  readonly variant: string;
  /** Time a call, over that of the case's bare code in the same round. */
  readonly ratio: number;
  readonly bytes: number;
  /** Of the bare code too, which needs no ratio. */
  readonly nanoseconds: number;
}

// Shorter than the turn that a busy machine gives a process, so that most batches are not interrupted.
const batchTime = 0.5;
const warmUpTime = 60;

/** Runs all variants of the case interleaved, each round in another order, and gives the medians over the rounds. */
export async function measure(of: Case, rounds: number): Promise<Measured[]> {
  const variants = [{ name: 'bare', call: of.bare, end: undefined }, ...of.variants()];
  const runners = [];
  for (const { name, call } of variants)
    runners.push({ name, run: loopOf(call), calls: 0, times: [] as number[], bytes: [] as number[] });
  for (const runner of runners) runner.calls = await calibrate(runner.run);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < runners.length; turn++) {
      const runner = runners[(turn + round) % runners.length] as (typeof runners)[number];
      collectYoung();
      const heap = process.memoryUsage().heapUsed;
      const start = performance.now();
      await runner.run(runner.calls);
      runner.times.push((performance.now() - start) / runner.calls);
      runner.bytes.push((process.memoryUsage().heapUsed - heap) / runner.calls);
    }
  }
  for (const { end } of variants) end?.();
  const [first] = runners;
  return runners.map(({ name, times, bytes }) => ({
    case: of.name,
    variant: name,
    ratio: median(times.map((time, round) => time / (first?.times[round] as number))),
    bytes: Math.round(median(bytes)),
    nanoseconds: median(times) * 1e6,
  }));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

type Loop = (calls: number) => Promise<void>;

/** A loop of its own for each variant, so that the compiler sees one callee in each. */
function loopOf(call: () => Promise<unknown>): Loop {
  const make = new Function(
    'call',
    'return async (calls) => { for (let i = 0; i < calls; i++) await call(); }',
  ) as (call: () => Promise<unknown>) => Loop;
  return make(call);
}

/** Warms the variant up; gives how many calls fill a batch, whose garbage must fit into the young generation. */
async function calibrate(run: Loop): Promise<number> {
  let calls = 1;
  for (const start = performance.now(); performance.now() - start < warmUpTime; ) {
    const before = performance.now();
    await run(calls);
    const took = performance.now() - before;
    if (took < batchTime) calls = Math.min(calls * 2, 20_000);
  }
  return calls;
}

// Not a full collection: that would throw optimised code away, and the more the heavier the library is.
function collectYoung(): void {
  const { gc } = globalThis as { gc?: (options: { type: 'minor' }) => void };
  if (gc === undefined) throw new Error('Run with --expose-gc');
  gc({ type: 'minor' });
}
