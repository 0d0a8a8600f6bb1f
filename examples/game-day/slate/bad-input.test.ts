import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { requireFolder } from '../folders.ts';
import { openingNight, temporaryFolder, writeSlate } from '../testing/folders.ts';
import { start } from '../testing/start.ts';
import { rehearse, tablesIn } from './slate-files.ts';

const { date, tables } = openingNight();
const boxScores = 'nba_raw.nbac_player_boxscores';

describe('npm start with wrong input says so in one line, writes nothing and exits with 2', () => {
  const folder = temporaryFolder();
  const slate = folder.in('slate');
  const kept = ['--out', folder.in('out'), '--dir', folder.in('state')];
  beforeEach(() => writeSlate(slate, tables));
  afterAll(() => folder[Symbol.dispose]());

  /** The one line on standard error. */
  async function refusal(...args: readonly string[]): Promise<string> {
    const { code, stdout, errors } = await start([...args, ...kept]);
    expect({ code, stdout, lines: errors.length }, errors.join('\n')).toEqual({
      code: 2,
      stdout: '',
      lines: 1,
    });
    expect([folder.in('out'), folder.in('state')].filter(existsSync)).toEqual([]);
    return errors[0]!;
  }

  it('for a line that is no JSON, naming file and line', async () => {
    const file = folder.in('slate', `${boxScores}.ndjson`);
    const lines = readFileSync(file, 'utf8').split('\n');
    lines[4] = lines[4]!.slice(0, 40);
    writeFileSync(file, lines.join('\n'));
    expect(await refusal('--slate', slate, '--date', date)).toMatch(
      /^error: nba_raw\.nbac_player_boxscores\.ndjson line 5: not JSON/,
    );
  });

  it('for a column that the table does not have, naming file, line and field', async () => {
    const rows = tables[boxScores]!.map((row, index) => (index === 2 ? { ...row, pionts: 3 } : row));
    writeSlate(slate, { [boxScores]: rows });
    const line = await refusal('--slate', slate, '--date', date);
    expect(line).toMatch(/^error: nba_raw\.nbac_player_boxscores\.ndjson line 3: .*pionts/);
  });

  it('for a folder that is not there', async () => {
    expect(await refusal('--slate', folder.in('nowhere'), '--date', date)).toBe(
      `error: --slate must be a folder that is there, received "${folder.in('nowhere')}"`,
    );
  });

  it('for a day that does not exist', async () => {
    expect(await refusal('--slate', slate, '--date', '2025-02-29')).toMatch(
      /^error: option '--date <date>' argument '2025-02-29' is invalid\. It must be a day that exists/,
    );
  });

  it('for an option that there is not', async () => {
    expect(await refusal('--slate', slate, '--date', date, '--fast')).toBe("error: unknown option '--fast'");
  });

  it('for a slate without its day', async () => {
    expect(await refusal('--slate', slate)).toBe("error: option '--slate' wants --date as well");
  });

  it('for a night in a folder that has something in it', async () => {
    const { code, errors } = await start(['--dir', slate]);
    expect({ code, errors }).toEqual({
      code: 2,
      errors: [
        `error: --dir must be an empty folder or a new one, as a night begins with nothing, received "${slate}"`,
      ],
    });
  });
});

describe('a slate', () => {
  const folder = temporaryFolder();
  const slate = folder.in('slate');
  afterAll(() => folder[Symbol.dispose]());

  it('is refused for a value of the wrong type, naming file, line and field', async () => {
    const rows = tables[boxScores]!.map((row, index) => (index === 6 ? { ...row, points: 'many' } : row));
    writeSlate(slate, { [boxScores]: rows });
    await expect(rehearse(slate, await tablesIn(slate))).rejects.toThrow(
      /^nba_raw\.nbac_player_boxscores\.ndjson line 7: .*points.*many/,
    );
  });

  it('is refused for a folder without any table', async () => {
    await expect(tablesIn(folder.path)).rejects.toThrow(
      /^--slate must be a folder with files such as nba_raw\.nbac_schedule\.ndjson, received/,
    );
  });

  it('can write into a folder, there or new, and into nothing below a file', async () => {
    writeSlate(slate, { [boxScores]: [] });
    const file = folder.in('slate', `${boxScores}.ndjson`);
    for (const path of [slate, folder.in('new', 'and', 'deeper')])
      await expect(requireFolder('--out', path)).resolves.toBeUndefined();
    for (const path of [file, `${file}/below`])
      await expect(requireFolder('--out', path)).rejects.toThrow(
        `--out must be a folder, there or new, received ${JSON.stringify(path).slice(0, 100)}`,
      );
  });
});
