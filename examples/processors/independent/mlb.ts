import { graded, sources } from './provenance.ts';
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
        ...asReported(row),
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

/** What the row says of itself, column by column. */
const asReported = (row: RawRow) =>
  Object.fromEntries(
    [
      'player_name',
      'team_abbr',
      'opponent_abbr',
      'home_away',
      'batting_order',
      'strikeouts',
      'at_bats',
      'hits',
      'walks',
      'home_runs',
      'rbis',
      'runs',
    ].map((column) => [column, row[column]]),
  );
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

const thirds = (row: RawRow) => {
  const [whole, part = '0'] = str(row, 'innings_pitched').split('.');
  return +whole! + +part / 3;
};

/** Rows of `mlb_analytics.pitcher_game_summary`. */
export function pitcherGames(raw: RawTables, date: string) {
  const schedule = newest(raw['mlb_raw.mlb_schedule'] ?? [], ['game_pk']).filter(isOver);
  const order = new Map(
    schedule
      .toSorted((a, b) => playedBefore(a, b))
      .map((row, index) => [num(row, 'game_pk'), { index, row }] as const),
  );
  const starts = newest(raw['mlb_raw.mlbapi_pitcher_stats'] ?? [], ['game_pk', 'player_lookup'])
    .filter((row) => row.is_starter === true && order.has(num(row, 'game_pk')) && thirds(row) >= 1)
    .sort((a, b) => order.get(num(b, 'game_pk'))!.index - order.get(num(a, 'game_pk'))!.index);
  const batting = Map.groupBy(
    newest(raw['mlb_raw.mlbapi_batter_stats'] ?? [], ['game_pk', 'player_lookup']),
    (row) => `${row.game_pk} ${row.team_abbr}`,
  );
  return starts
    .filter((row) => row.game_date === date)
    .map((row) => {
      const pk = num(row, 'game_pk');
      const { index, row: game } = order.get(pk)!;
      const earlier = starts.filter(
        (other) =>
          other.player_lookup === row.player_lookup && order.get(num(other, 'game_pk'))!.index < index,
      );
      const ten = earlier.slice(0, 10);
      const innings = ten.reduce((total, other) => total + thirds(other), 0);
      const perInning = (count: number) => (ten.length === 0 ? null : count / innings);
      const strikeouts = (games: readonly RawRow[]) =>
        games.length === 0 ? null : sum(games, 'strikeouts') / games.length;
      const team = str(row, 'opponent_abbr');
      const faced = schedule
        .filter((one) => [one.home_team_abbr, one.away_team_abbr].includes(team))
        .filter((one) => order.get(num(one, 'game_pk'))!.index < index)
        .filter((one) => batting.has(`${one.game_pk} ${team}`))
        .sort((a, b) => playedBefore(b, a))
        .slice(0, 15)
        .flatMap((one) => batting.get(`${one.game_pk} ${team}`)!);
      return {
        game_date: date,
        game_pk: pk,
        player_lookup: str(row, 'player_lookup'),
        player_name: row.player_name,
        game_number: num(game, 'game_number'),
        team_abbr: row.team_abbr,
        opponent_abbr: team,
        home_away: row.home_away,
        strikeouts: num(row, 'strikeouts'),
        innings_pitched: thirds(row),
        pitch_count: num(row, 'pitch_count'),
        hits_allowed: num(row, 'hits'),
        walks_allowed: num(row, 'walks'),
        earned_runs: num(row, 'earned_runs'),
        k_avg_last_3: strikeouts(earlier.slice(0, 3)),
        k_avg_last_5: strikeouts(earlier.slice(0, 5)),
        k_avg_last_10: strikeouts(ten),
        era_rolling_10: perInning(9 * sum(ten, 'earned_runs')),
        whip_rolling_10: perInning(sum(ten, 'walks') + sum(ten, 'hits')),
        k_per_9_rolling_10: perInning(9 * sum(ten, 'strikeouts')),
        days_rest: earlier.length === 0 ? null : days(str(earlier[0]!, 'game_date'), date) - 1,
        opponent_team_k_rate: faced.length === 0 ? 0.22 : ratio(faced, 'strikeouts'),
        quality_start: thirds(row) >= 6 && num(row, 'earned_runs') <= 3,
        ...sources(raw, date, [
          'mlb_raw.mlb_schedule',
          'mlb_raw.mlbapi_pitcher_stats',
          'mlb_raw.mlbapi_batter_stats',
        ]),
        ...graded(faced.length === 0 ? 90 : 100),
      };
    });
}

function playedBefore(a: RawRow, b: RawRow): number {
  return (
    Date.parse(str(a, 'game_date')) - Date.parse(str(b, 'game_date')) ||
    num(a, 'game_number') - num(b, 'game_number') ||
    num(a, 'game_pk') - num(b, 'game_pk')
  );
}
