import { newest, num, type RawRow, type RawTables, str } from './raw.ts';

const isOver = (game: RawRow) =>
  ['Final', 'Game Over', 'Completed Early'].includes(String(game.status_detailed));

/** Every final game of every batter, in the order played. */
function careers(raw: RawTables): Map<string, { row: RawRow; number: number }[]> {
  const schedule = newest(raw['mlb_raw.mlb_schedule'] ?? [], ['game_pk']);
  const scheduled = new Map(schedule.map((row) => [num(row, 'game_pk'), row]));
  const official = newest(raw['mlb_raw.mlbapi_batter_stats'] ?? [], ['game_pk', 'player_lookup']);
  const known = new Set(official.map((row) => `${row.game_pk} ${row.player_lookup}`));
  const others = newest(raw['mlb_raw.bdl_batter_stats'] ?? [], ['game_pk', 'player_lookup']).filter(
    (row) => !known.has(`${row.game_pk} ${row.player_lookup}`) && row.game_status === 'STATUS_FINAL',
  );
  const careers = new Map<string, { row: RawRow; number: number }[]>();
  for (const row of [...official, ...others]) {
    const game = scheduled.get(num(row, 'game_pk'));
    if (game !== undefined && !isOver(game)) continue;
    if (num(row, 'at_bats') === 0) continue;
    const career = careers.get(str(row, 'player_lookup')) ?? [];
    career.push({ row, number: game === undefined ? 1 : num(game, 'game_number') });
    careers.set(str(row, 'player_lookup'), career);
  }
  for (const career of careers.values()) {
    career.sort(
      (a, b) =>
        Date.parse(str(a.row, 'game_date')) - Date.parse(str(b.row, 'game_date')) ||
        a.number - b.number ||
        num(a.row, 'game_pk') - num(b.row, 'game_pk'),
    );
  }
  return careers;
}

/** Rows of `mlb_analytics.batter_game_summary`: the key, what happened, and the form before it. */
export function batterGames(raw: RawTables, date: string) {
  const rows = [];
  for (const career of careers(raw).values()) {
    for (const [index, { row, number }] of career.entries()) {
      if (row.game_date !== date) continue;
      const earlier = career.slice(0, index).map((game) => game.row);
      const season = earlier.filter((game) => str(game, 'game_date').slice(0, 4) === date.slice(0, 4));
      const ten = earlier.slice(-10);
      const before = earlier.at(-1);
      rows.push({
        game_date: date,
        game_pk: num(row, 'game_pk'),
        player_lookup: str(row, 'player_lookup'),
        game_number: number,
        strikeouts: num(row, 'strikeouts'),
        at_bats: num(row, 'at_bats'),
        k_rate_last_5: ratio(earlier.slice(-5), 'strikeouts'),
        k_rate_last_10: ratio(ten, 'strikeouts'),
        k_std_last_10: deviation(ten.map((game) => num(game, 'strikeouts'))),
        ab_avg_last_10: ten.length === 0 ? null : sum(ten, 'at_bats') / ten.length,
        season_k_rate: ratio(season, 'strikeouts'),
        season_batting_avg: ratio(season, 'hits'),
        days_since_last_game: before === undefined ? null : days(str(before, 'game_date'), date),
      });
    }
  }
  return rows;
}

const sum = (games: readonly RawRow[], column: string) =>
  games.reduce((total, game) => total + num(game, column), 0);
const ratio = (games: readonly RawRow[], column: string) =>
  games.length === 0 ? null : sum(games, column) / sum(games, 'at_bats');
const days = (from: string, to: string) =>
  (new Date(`${to}T00:00:00Z`).getTime() - new Date(`${from}T00:00:00Z`).getTime()) / 86_400_000;

function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
