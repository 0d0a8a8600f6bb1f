// `npm run backfill:killed`: a backfill that is killed ten times at random and goes on each time, beside one that is left alone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openWarehouse } from 'breakwater/local';
import { seededRandom } from 'breakwater/testing';
import { processors } from '../processors/index.ts';

const [days = '4', kills = '10', seed = '7'] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const folder = await mkdtemp(join(tmpdir(), 'breakwater-killed-'));
try {
  const began = performance.now();
  const code = await ended(start(join(folder, 'alone')));
  if (code !== 0) throw new Error(`the undisturbed backfill ended with ${code}`);
  const alone = performance.now() - began;
  console.log(`undisturbed: ${(alone / 1_000).toFixed(1)} s`);

  // Each must get past its start, and all together not past the end.
  const pieces = Math.max(1, Math.min(Number(kills), alone / 8_000));
  for (let kill = 0; kill < Number(kills); kill++) {
    const child = start(join(folder, 'killed'));
    const after = ((0.4 + random()) * alone) / pieces;
    const timer = setTimeout(() => child.kill('SIGKILL'), after);
    const code = await ended(child);
    clearTimeout(timer);
    console.log(
      `${kill + 1}: ${code === null ? `killed after ${(after / 1_000).toFixed(1)} s` : `ended with ${code}`}`,
    );
  }
  const last = await ended(start(join(folder, 'killed')));
  if (last !== 0) throw new Error(`the last backfill ended with ${last}`);

  const [one, other] = [await outputs(join(folder, 'alone')), await outputs(join(folder, 'killed'))];
  for (const [output, rows] of one) {
    const same = rows === other.get(output);
    console.log(`${same ? 'identical' : 'DIFFERENT'}  ${output}  ${rows.split('\n').length} rows`);
    if (!same) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true });
}

function start(dir: string): ChildProcess {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  return spawn(process.execPath, [...process.execArgv, main, '--dir', dir, '--days', days], {
    stdio: 'ignore',
  });
}

/** The exit code, or null for one that was killed. */
async function ended(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

/** Each output's rows as text, by key, without the time at which they were made. */
async function outputs(dir: string): Promise<ReadonlyMap<string, string>> {
  const warehouse = await openWarehouse({ file: join(dir, 'warehouse.duckdb') });
  try {
    const texts = new Map<string, string>();
    for (const { processor } of processors) {
      const rows = await warehouse.query(
        `SELECT * EXCEPT (processed_at) FROM ${processor.output} ORDER BY ${processor.key.join(', ')}`,
      );
      texts.set(processor.output, rows.map((row) => JSON.stringify(row)).join('\n'));
    }
    return texts;
  } finally {
    await warehouse.close();
  }
}
