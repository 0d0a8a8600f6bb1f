import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesIn, type Rows, rowsOf, temporaryFolder, writeSlate } from '../testing/folders.ts';
import { type Ended, reportOf, start } from '../testing/start.ts';

const real = fileURLToPath(new URL('../../../../shared/data/nba-2025-03-15', import.meta.url));
const date = '2025-03-15';
const required = process.env.REQUIRE_SLATE === '1';
const schedule = 'nba_raw.nbac_schedule';

// One story: too early, in time, once more; the same state all along.
describe.skipIf(!existsSync(real) && !required)(`npm start on the real slate of ${date}`, () => {
  const folder = temporaryFolder();
  const kept = ['--date', date, '--dir', folder.in('state'), '--json'];
  const outs = ['early', 'first', 'second'].map((name) => folder.in(name));
  let unfinished: readonly string[];
  let early: Ended;
  let first: Ended;
  let second: Ended;

  beforeAll(async () => {
    const tables = readTables(real);
    const day = tables[schedule]!.filter((game) => game.game_date === date);
    unfinished = day.slice(0, 2).map((game) => String(game.game_id));
    const tooEarly = tables[schedule]!.map((game) =>
      unfinished.includes(String(game.game_id))
        ? { ...game, game_status: 2, game_status_text: 'Q4 2:00' }
        : game,
    );
    writeSlate(folder.in('slate'), { ...tables, [schedule]: tooEarly });
    early = await start(['--slate', folder.in('slate'), '--out', outs[0]!, ...kept]);
    first = await start(['--slate', real, '--out', outs[1]!, ...kept]);
    second = await start(['--slate', real, '--out', outs[2]!, ...kept]);
  }, 300_000);
  afterAll(() => folder[Symbol.dispose]());

  it('with two games not final extracts nothing and parks the runs, which is no failure', () => {
    const { runs } = reportOf(early);
    expect(runs.map(({ status, reason, rows }) => ({ status, reason, rows }))).toEqual(
      Array(3).fill({ status: 'skipped', reason: 'upstream_not_ready', rows: 0 }),
    );
    expect(early.code).toBe(0);
    expect(filesIn(outs[0]!)).toEqual({});
  });

  it('says how many games are final, and which are not', () => {
    for (const { missing } of reportOf(early).runs) {
      expect(missing[0]).toContain('6 of 8 games final');
      for (const id of unfinished) expect(missing[0]).toContain(id);
    }
  });

  it('with the whole slate finds them parked and runs them: 16, 16 and 157 rows', () => {
    const { runs, leftOut } = reportOf(first);
    expect(first.code).toBe(0);
    expect(
      Object.fromEntries(runs.map((run) => [run.key, [run.status, run.rows, run.attempt, run.wasParked]])),
    ).toEqual({
      [`nba_analytics.team_offense_game_summary/${date}`]: ['succeeded', 16, 1, true],
      [`nba_analytics.team_defense_game_summary/${date}`]: ['succeeded', 16, 1, true],
      [`nba_analytics.player_game_summary/${date}`]: ['succeeded', 157, 1, true],
    });
    expect(leftOut.map(({ processor }) => processor)).toContain('MlbBatterGameSummaryProcessor');
  });

  it('writes the tables of what it ran, and no others', () => {
    const counts = Object.entries(filesIn(outs[1]!)).map(([table, text]) => [table, rowsOf(text).length]);
    expect(Object.fromEntries(counts)).toEqual({
      'nba_analytics.team_offense_game_summary': 16,
      'nba_analytics.team_defense_game_summary': 16,
      'nba_analytics.player_game_summary': 157,
    });
  });

  it('has each team score in its output what the schedule says', () => {
    const day = rowsOf(readFileSync(join(real, `${schedule}.ndjson`), 'utf8')).filter(
      (game) => game.game_date === date,
    );
    const final = day.flatMap((game) => [
      [game.home_team_tricode, game.home_team_score],
      [game.away_team_tricode, game.away_team_score],
    ]);
    const teams = rowsOf(filesIn(outs[1]!)['nba_analytics.team_offense_game_summary']);
    expect(Object.fromEntries(teams.map((row) => [row.team_abbr, row.points_scored]))).toEqual(
      Object.fromEntries(final),
    );
  });

  it('run once more finds all of it done, and writes the same files to the byte', () => {
    expect(reportOf(second).runs.map(({ status, reason }) => `${status} ${reason}`)).toEqual(
      Array(3).fill('skipped already_done'),
    );
    expect(second.code).toBe(0);
    expect(filesIn(outs[2]!)).toEqual(filesIn(outs[1]!));
  });
});

function readTables(folder: string): Readonly<Record<string, Rows>> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [
      name.replace(/\.ndjson$/, ''),
      rowsOf(readFileSync(join(folder, name), 'utf8')),
    ]),
  );
}
