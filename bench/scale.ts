import Table from 'cli-table3';
import * as cockatiel from 'cockatiel';
import { type Policy, circuitBreaker } from 'breakwater/policy';
import { operation } from './case.ts';
import { pipeline } from './cases/pipeline.ts';

// Heap of very many idle breakers, and of very many calls under way. Run with --expose-gc, through `npm run bench:scale`.

const breakers = 100_000;
const calls = 10_000;

async function heap(): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('Run with --expose-gc');
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

interface Row {
  readonly what: string;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly timers: number;
}

/** What one of `many` things takes, while all are there. */
async function each<T>(
  what: string,
  many: number,
  make: (index: number) => T,
): Promise<Row & { readonly made: T[] }> {
  const made = new Array<T>(many);
  const before = await heap();
  const timersBefore = timers();
  const start = performance.now();
  for (let index = 0; index < many; index++) made[index] = make(index);
  const milliseconds = performance.now() - start;
  return {
    what,
    bytes: ((await heap()) - before) / many,
    milliseconds,
    timers: timers() - timersBefore,
    made,
  };
}

const rows: Row[] = [];
const timersAtFirst = timers();
const ours = await each('100,000 breakers, unused: breakwater', breakers, () =>
  circuitBreaker({ name: 'bench' }),
);
rows.push(ours);
const before = await heap();
for (const breaker of ours.made) await breaker.execute(operation);
rows.push({
  ...ours,
  what: '… each used once',
  bytes: ours.bytes + ((await heap()) - before) / breakers,
  milliseconds: 0,
  timers: timers() - timersAtFirst,
});
rows.push(
  await each('100,000 breakers, unused: cockatiel', breakers, () =>
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new cockatiel.ConsecutiveBreaker(5),
    }),
  ),
);

const { promise: gate, resolve: open } = Promise.withResolvers<number>();
const policy: Policy = pipeline();
await policy.execute(operation);
const underWay = await each('10,000 calls under way in retry(breaker(timeout))', calls, () =>
  policy.execute(() => gate),
);
rows.push(underWay);
open(1);
await Promise.all(underWay.made);

const table = new Table({
  head: ['', 'bytes each', 'ms to make all', 'timers'],
  colAligns: ['left', 'right', 'right', 'right'],
  style: { head: [], border: [], compact: true },
});
for (const { what, bytes, milliseconds, timers: left } of rows)
  table.push([what, Math.round(bytes), milliseconds === 0 ? '' : milliseconds.toFixed(1), left]);
console.log(table.toString());
