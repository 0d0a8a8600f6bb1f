import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireEmpty } from '../folders.ts';
import { localGround } from './ground.ts';
import { nightView } from './live-view.ts';
import { playNight } from './play-night.ts';
import { summaryText } from './summary.ts';

/**
 * Plays a night of games and shows it.
 *
 * @param options.dir Where warehouse, state and heartbeats are kept; default: a temporary folder that is deleted.
 * @throws ConfigurationError for a folder that has something in it: a night begins with nothing.
 */
export async function showNight(options: {
  readonly seed: number;
  readonly dir?: string | undefined;
}): Promise<void> {
  const { seed, dir } = options;
  if (dir !== undefined) await requireEmpty('--dir', dir);
  const started = performance.now();
  const temporary = dir === undefined ? await mkdtemp(join(tmpdir(), 'breakwater-night-')) : undefined;
  const view = nightView(process.stdout);
  try {
    process.stdout.write(`A night of games, seed ${seed}: its season is drawn, its warehouse filled …\n`);
    const report = await playNight({
      seed,
      ground: (parts) => localGround(temporary ?? dir!, parts),
      watch: view.take,
    });
    view.end();
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    process.stdout.write(`\n${summaryText(report)}\n\nIt took ${seconds} s of yours.\n`);
  } finally {
    view.end();
    if (temporary !== undefined) await rm(temporary, { recursive: true });
  }
}
