import { cases } from './cases/index.ts';
import { type Measured, measure } from './measure.ts';

// One process of the benchmark: measures the cases that are named (all, if none is) and sends what it found.
const [rounds, ...words] = process.argv.slice(2);
const measured: Measured[] = [];
for (const one of cases) {
  if (words.length > 0 && !words.some((word) => one.name.includes(word))) continue;
  measured.push(...(await measure(one, Number(rounds))));
}
// Some of the libraries leave timers behind that keep a process alive.
process.send?.(measured, undefined, undefined, () => process.exit());
