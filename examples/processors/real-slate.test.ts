import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { LocalContext } from 'breakwater/local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playerGames, teamDefense, teamOffense } from './independent/nba.ts';
import { num, type RawRow, str } from './independent/raw.ts';
import { PlayerGameSummary, TeamDefenseGameSummary, TeamOffenseGameSummary } from './index.ts';
import { fill, openLocal, outputOf } from './testing/local.ts';
import { expectRows, timeless } from './testing/rows.ts';

const folder = new URL('../../../shared/data/nba-2025-03-15/', import.meta.url);
const date = '2025-03-15';
const required = process.env.REQUIRE_SLATE === '1';
const there = existsSync(folder);

// Eight games that were played, from the league's own numbers.
describe.skipIf(!there && !required)(`the real slate of ${date}`, { timeout: 60_000 }, () => {
  let context: Awaited<ReturnType<typeof openLocal>>;
  let raw: Record<string, RawRow[]>;

  beforeAll(async () => {
    raw = readSlate();
    context = await openLocal();
    await fill(context, raw);
    await runAll(context);
  });
  afterAll(() => context[Symbol.asyncDispose]());

  it('gives 16 rows of team offence, as the independent calculation has them', async () => {
    const rows = await outputOf(context, TeamOffenseGameSummary);
    expect(rows).toHaveLength(16);
    expectRows(rows, teamOffense(raw, date), TeamOffenseGameSummary.processor.key);
  });

  it('gives 16 rows of team defence, as the independent calculation has them', async () => {
    const rows = await outputOf(context, TeamDefenseGameSummary);
    expect(rows).toHaveLength(16);
    expectRows(rows, teamDefense(raw, date), TeamDefenseGameSummary.processor.key);
  });

  it('gives 157 player rows, as the independent calculation has them', async () => {
    const rows = await outputOf(context, PlayerGameSummary);
    expect(rows).toHaveLength(157);
    expectRows(rows, playerGames(raw, date), PlayerGameSummary.processor.key);
  });

  it("has each team's points as in the schedule's final score", async () => {
    const rows = await outputOf(context, TeamOffenseGameSummary);
    const scored = Object.fromEntries(rows.map((row) => [str(row, 'team_abbr'), num(row, 'points_scored')]));
    const day = raw['nba_raw.nbac_schedule']!.filter((game) => game.game_date === date);
    const final = day.flatMap((game) => [
      [str(game, 'home_team_tricode'), num(game, 'home_team_score')],
      [str(game, 'away_team_tricode'), num(game, 'away_team_score')],
    ]);
    expect(scored).toEqual(Object.fromEntries(final));
  });

  it('marks what came from a fallback as silver, the rest as gold', async () => {
    const tiers = async (Processor: Parameters<typeof outputOf>[1]) =>
      new Set((await outputOf(context, Processor)).map((row) => row.quality_tier));
    expect(await tiers(TeamOffenseGameSummary)).toEqual(new Set(['gold']));
    expect(await tiers(TeamDefenseGameSummary)).toEqual(new Set(['silver']));
    expect(await tiers(PlayerGameSummary)).toEqual(new Set(['silver']));
  });

  it('gives the same rows when run again, and not twice', async () => {
    const outputs = () => Promise.all(slateProcessors.map((Processor) => outputOf(context, Processor)));
    const before = await outputs();
    await runAll(context);
    const after = await outputs();
    expect(after.map(timeless)).toEqual(before.map(timeless));
  });
});

const slateProcessors = [TeamOffenseGameSummary, TeamDefenseGameSummary, PlayerGameSummary];

async function runAll(context: LocalContext): Promise<void> {
  for (const Processor of slateProcessors) {
    const [result] = await new Processor(context).run({ startDate: date, endDate: date }, { force: true });
    expect(result).toMatchObject({ status: 'succeeded' });
  }
}

function readSlate(): Record<string, RawRow[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
  return Object.fromEntries(
    files.map((name) => {
      const lines = readFileSync(new URL(name, folder), 'utf8').split('\n');
      return [
        name.replace('.ndjson', ''),
        lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RawRow),
      ];
    }),
  );
}
