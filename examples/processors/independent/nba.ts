import { newest, num, type RawRow, type RawTables, str } from './raw.ts';

interface Game {
  key: string;
  home: string;
  away: string;
  winner: string;
}

function finalGames(raw: RawTables, date: string): Game[] {
  const day = (raw['nba_raw.nbac_schedule'] ?? []).filter((row) => row.game_date === date);
  const games: Game[] = [];
  for (const row of newest(day, ['game_id'])) {
    if (row.game_status !== 3) continue;
    const home = str(row, 'home_team_tricode');
    const away = str(row, 'away_team_tricode');
    const key = [date.slice(0, 4) + date.slice(5, 7) + date.slice(8), away, home].join('_');
    games.push({
      key,
      home,
      away,
      winner: num(row, 'home_team_score') > num(row, 'away_team_score') ? home : away,
    });
  }
  return games;
}

interface Totals {
  pts: number;
  min: number;
  fga: number;
  fta: number;
  tpm: number;
  oreb: number;
  dreb: number;
  tov: number;
  stl: number;
  blk: number;
}

function totals(rows: readonly RawRow[]): Totals {
  const sum = (column: string) => rows.reduce((total, row) => total + num(row, column), 0);
  return {
    pts: sum('points'),
    min: rows.reduce((total, row) => total + (minutes(row) ?? 0), 0),
    fga: sum('field_goals_attempted'),
    fta: sum('free_throws_attempted'),
    tpm: sum('three_pointers_made'),
    oreb: sum('offensive_rebounds'),
    dreb: sum('defensive_rebounds'),
    tov: sum('turnovers'),
    stl: sum('steals'),
    blk: sum('blocks'),
  };
}

function minutes(row: RawRow): number | null {
  const value = row.minutes;
  if (typeof value !== 'string') return typeof value === 'number' ? value : null;
  const [whole, seconds] = value.split(':');
  return (Number(whole) * 60 + Number(seconds ?? 0)) / 60;
}

function gamebook(raw: RawTables, date: string): RawRow[] {
  const day = (raw['nba_raw.nbac_gamebook_player_stats'] ?? []).filter((row) => row.game_date === date);
  return newest(day, ['game_id', 'player_lookup']);
}

function sides(raw: RawTables, date: string) {
  const box = newest(
    (raw['nba_raw.nbac_team_boxscore'] ?? []).filter((row) => row.game_date === date),
    ['game_id', 'team_abbr'],
  );
  const book = gamebook(raw, date).filter((row) => row.player_status === 'active');
  const of = (rows: readonly RawRow[], game: string, team: string): Totals | undefined => {
    const mine = rows.filter((row) => row.game_id === game && row.team_abbr === team);
    return mine.length === 0 ? undefined : totals(mine);
  };
  return finalGames(raw, date).flatMap((game) =>
    [
      [game.home, game.away],
      [game.away, game.home],
    ].map(([team, other]) => {
      const us = of(box, game.key, team!) ?? of(book, game.key, team!);
      const them = of(box, game.key, other!) ?? of(book, game.key, other!);
      if (us === undefined || them === undefined) throw new Error(`${game.key} lacks ${team} or ${other}`);
      const counted = of(book, game.key, team!) ?? us;
      return { game, team: team!, other: other!, us, them, counted };
    }),
  );
}

const possessions = (t: Totals) => t.fga + (44 * t.fta) / 100 + t.tov - t.oreb;
const extraPeriods = (t: Totals) => Math.max(0, Math.round((t.min - 240) / 25));
const over = (a: number, b: number) => (b === 0 ? null : a / b);
const perFortyEight = (t: Totals) => (48 / (48 + 5 * extraPeriods(t))) * possessions(t);
const shooting = (pts: number, fga: number, fta: number) => over(pts, 2 * fga + (88 * fta) / 100);

/** Rows of `nba_analytics.team_offense_game_summary`, own columns. */
export function teamOffense(raw: RawTables, date: string) {
  return sides(raw, date).map(({ game, team, other, us, them }) => ({
    game_date: date,
    team_abbr: team,
    game_id: game.key,
    opponent_team_abbr: other,
    home_game: team === game.home,
    points_scored: us.pts,
    possessions: possessions(us),
    offensive_rating: over(us.pts * 100, possessions(us)),
    pace: perFortyEight(us),
    ts_pct: shooting(us.pts, us.fga, us.fta),
    win_flag: us.pts > them.pts,
    margin_of_victory: us.pts - them.pts,
    overtime_periods: extraPeriods(us),
  }));
}

/** Rows of `nba_analytics.team_defense_game_summary`, own columns. */
export function teamDefense(raw: RawTables, date: string) {
  return sides(raw, date).map(({ game, team, other, us, them, counted }) => ({
    game_date: date,
    defending_team_abbr: team,
    game_id: game.key,
    opponent_team_abbr: other,
    home_game: team === game.home,
    points_allowed: them.pts,
    opp_fg_attempts: them.fga,
    opp_three_pt_makes: them.tpm,
    turnovers_forced: them.tov,
    defensive_rating: over(them.pts * 100, possessions(them)),
    opponent_pace: perFortyEight(them),
    opponent_ts_pct: shooting(them.pts, them.fga, them.fta),
    steals: counted.stl,
    blocks: counted.blk,
    defensive_rebounds: counted.dreb,
    win_flag: us.pts > them.pts,
  }));
}

/** Rows of `nba_analytics.player_game_summary`, own columns. */
export function playerGames(raw: RawTables, date: string) {
  const book = gamebook(raw, date);
  const box = newest(
    (raw['nba_raw.nbac_player_boxscores'] ?? []).filter((row) => row.game_date === date),
    ['game_id', 'player_lookup'],
  ).filter((row) => row.game_status === 'Final');
  const teams = new Map(sides(raw, date).map(({ game, team, us }) => [game.key + team, possessions(us)]));
  return finalGames(raw, date).flatMap((game) => {
    const listed = book.filter((row) => row.game_id === game.key);
    const anybody = listed.some((row) => row.player_status === 'active');
    const players = anybody ? listed : box.filter((row) => row.game_id === game.key);
    return players.map((row) => {
      const played = !anybody || row.player_status === 'active';
      const line = pointsLine(raw, date, str(row, 'player_lookup'));
      const team = str(row, 'team_abbr');
      return {
        game_date: date,
        player_lookup: str(row, 'player_lookup'),
        player_name: row.player_name,
        game_id: game.key,
        team_abbr: team,
        opponent_team_abbr: team === game.home ? game.away : game.home,
        points_line: line,
        is_active: played,
        is_dnp: row.player_status === 'dnp',
        dnp_reason_category: played ? null : absenceCategory(row.dnp_reason ?? null),
        win_flag: game.winner === team,
        ...(played ? performance(row, teams.get(game.key + team)!, line) : absence),
      };
    });
  });
}

function performance(row: RawRow, teamPossessions: number, line: number | null) {
  const points = num(row, 'points');
  const fga = num(row, 'field_goals_attempted');
  const fta = num(row, 'free_throws_attempted');
  const floor = minutes(row);
  const spent = fga + (44 * fta) / 100 + num(row, 'turnovers');
  const usage = floor === null ? null : over(spent * 4800, floor * teamPossessions);
  return {
    points,
    minutes_played: floor === null ? null : Math.round(floor * 10) / 10,
    assists: num(row, 'assists'),
    fg_attempts: fga,
    usage_rate: usage !== null && usage <= 100 ? usage : null,
    ts_pct: shooting(points, fga, fta),
    efg_pct: over(num(row, 'field_goals_made') + num(row, 'three_pointers_made') / 2, fga),
    starter_flag: floor !== null && floor > 20,
    over_under_result: line === null ? null : points < line ? 'UNDER' : 'OVER',
    margin: line === null ? null : points - line,
  };
}

/** As the gamebooks of the season word it. */
function absenceCategory(reason: RawRow[string]): string | null {
  const text = String(reason ?? '');
  if (text === '') return null;
  if (text.includes("Coach's Decision")) return 'coach_decision';
  if (text.includes('Suspension')) return 'suspension';
  if (text.startsWith('G League')) return 'g_league';
  if (text.includes('Injury/Illness') || text.includes('Concussion')) return 'injury';
  if (text === 'Rest') return 'rest';
  return text.includes('Personal') || text === 'Bereavement' ? 'personal' : 'other';
}

const absence = {
  points: null,
  minutes_played: null,
  assists: null,
  fg_attempts: null,
  usage_rate: null,
  ts_pct: null,
  efg_pct: null,
  starter_flag: false,
  over_under_result: null,
  margin: null,
};

function pointsLine(raw: RawTables, date: string, player: string): number | null {
  const offers = (raw['nba_raw.odds_api_player_points_props'] ?? []).filter(
    (row) => row.game_date === date && row.player_lookup === player && row.points_line !== null,
  );
  const from = (name: string) =>
    newest(
      offers.filter((row) => str(row, 'bookmaker').toLowerCase() === name),
      [],
    )[0];
  const best = from('draftkings') ?? from('fanduel') ?? newest(offers, [])[0];
  return best === undefined ? null : num(best, 'points_line');
}
