import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { cases } from './cases/index.ts';
import { type Measured, median } from './measure.ts';

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    processes: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '101' },
    json: { type: 'boolean', default: false },
  },
});

const results: Measured[][] = [];
for (let left = Number(values.processes); left > 0; left--) results.push(await inOneProcess());
const summary = summarise(results);
if (values.json) console.log(JSON.stringify(summary, null, 2));
else print(summary);

/** Measures in a process of its own; one after another, so that they don't take time from each other. */
function inOneProcess(): Promise<Measured[]> {
  return new Promise((resolve, reject) => {
    const worker = fork(new URL('worker.ts', import.meta.url), [values.rounds, ...words], {
      execArgv: [...process.execArgv, '--expose-gc', '--max-semi-space-size=64', '--min-semi-space-size=64'],
    });
    worker.once('message', (measured) => resolve(measured as Measured[]));
    worker.once('exit', (code) => reject(new Error(`A worker ended with ${code} and no result`)));
  });
}

/** Medians over the processes. */
function summarise([first = [], ...others]: readonly Measured[][]): Measured[] {
  return first.map((row, index) => {
    const all = [row, ...others.map((rows) => rows[index] as Measured)];
    const over = (field: 'ratio' | 'bytes' | 'nanoseconds') => median(all.map((each) => each[field]));
    return { ...row, ratio: over('ratio'), bytes: over('bytes'), nanoseconds: over('nanoseconds') };
  });
}

function print(rows: readonly Measured[]): void {
  const table = new Table({
    head: ['case', 'variant', '× bare', '× best peer', 'bytes', 'at most'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { case: name, variant, ratio, bytes } of rows) {
    const { most } = cases.find((one) => one.name === name) ?? {};
    const ours = variant === 'breakwater';
    const allowed = ours && most ? `${most.ratio}×${most.bytes ? `, ${most.bytes} B` : ''}` : '';
    const best = ours ? bestPeer(rows, name) : undefined;
    const toBest = best === undefined ? '' : (ratio / best).toFixed(2);
    table.push([variant === 'bare' ? name : '', variant, ratio.toFixed(2), toBest, bytes, allowed]);
  }
  console.log(table.toString());
}

/** The least ratio to the bare code that a peer has in the case; undefined if it has none. */
function bestPeer(rows: readonly Measured[], name: string): number | undefined {
  const peers = rows.filter(
    (row) => row.case === name && row.variant !== 'bare' && row.variant !== 'breakwater',
  );
  return peers.length === 0 ? undefined : Math.min(...peers.map(({ ratio }) => ratio));
}
