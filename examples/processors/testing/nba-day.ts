import type { RawRow, RawTables } from '../independent/raw.ts';

/** The day of the made-up games. */
export const nbaDate = '2026-01-16';

/** The games' keys in the box-score tables: a game in regulation, and one with an overtime. */
export const nbaGames = ['20260116_MEM_ORL', '20260116_BOS_MIA'] as const;

/**
 * Two made-up games in every table: each row twice, the older one with other numbers; nine active players a team, one who
 * did not play and one inactive; betting lines of three bookmakers.
 */
export function nbaDay(): Record<string, RawRow[]> {
  const players = games.flatMap((game) => [...teamOf(game, game.away), ...teamOf(game, game.home)]);
  const active = players.filter((row) => row.player_status === 'active');
  return {
    'nba_raw.nbac_schedule': games.flatMap((game) => {
      const [home, away] = [game.home, game.away].map((team) => points(active, team));
      const row = {
        game_id: game.id,
        game_date: nbaDate,
        game_status: 3,
        game_status_text: 'Final',
        home_team_tricode: game.home,
        away_team_tricode: game.away,
        home_team_score: home!,
        away_team_score: away!,
        is_all_star: false,
      };
      return versions(row, { game_status: 2, home_team_score: 20, away_team_score: 30 });
    }),
    'nba_raw.nbac_team_boxscore': games.flatMap((game) =>
      [game.home, game.away].flatMap((team) =>
        versions(teamBox(game, team, active), { points: 50, turnovers: 1 }),
      ),
    ),
    'nba_raw.nbac_gamebook_player_stats': players.flatMap((row) => versions(row, { points: 1, steals: 9 })),
    'nba_raw.nbac_player_boxscores': playerBoxes(active),
    'nba_raw.odds_api_player_points_props': props(active),
  };
}

/** The tables without the rows that match. */
export function without(tables: RawTables, table: string, matches: (row: RawRow) => boolean): RawTables {
  return { ...tables, [table]: (tables[table] ?? []).filter((row) => !matches(row)) };
}

const games = [
  { id: '0022500529', home: 'ORL', away: 'MEM', key: nbaGames[0], seconds: 240 * 60 },
  { id: '0022500530', home: 'MIA', away: 'BOS', key: nbaGames[1], seconds: 265 * 60 },
] as const;
type Game = (typeof games)[number];

function versions(row: RawRow, older: RawRow): RawRow[] {
  return [
    { ...row, ...older, processed_at: '2026-01-17T03:00:00Z' },
    { ...row, processed_at: '2026-01-17T05:30:00Z' },
  ];
}

/** Eleven players; their numbers follow from team and place in the list, all different enough to tell a mix-up. */
function teamOf(game: Game, team: string): RawRow[] {
  const flavour = team.charCodeAt(0) % 7;
  const nine = Array.from({ length: 9 }, (_, place) => {
    const made = 2 + ((place * 3 + flavour) % 6);
    const threes = place % 3;
    const freeThrows = (place + flavour) % 5;
    return {
      ...identity(game, team, place),
      player_status: 'active',
      dnp_reason: null,
      minutes: clock(game.seconds / 9 + (place - 4) * 151),
      points: 2 * made + threes + freeThrows,
      field_goals_made: made,
      field_goals_attempted: made + 3 + (place % 4),
      three_pointers_made: threes,
      three_pointers_attempted: threes + 2,
      free_throws_made: freeThrows,
      free_throws_attempted: freeThrows + (place % 2),
      offensive_rebounds: place % 3,
      defensive_rebounds: 2 + ((place + flavour) % 4),
      total_rebounds: (place % 3) + 2 + ((place + flavour) % 4),
      assists: (place * 2 + flavour) % 7,
      steals: (place + flavour) % 3,
      blocks: (place * flavour) % 2,
      turnovers: (place + 1) % 4,
      personal_fouls: place % 6,
      plus_minus: 0,
    };
  });
  return [
    ...nine,
    {
      ...identity(game, team, 9),
      player_status: 'dnp',
      dnp_reason: "DNP - Coach's Decision",
      ...nothing,
    },
    {
      ...identity(game, team, 10),
      player_status: 'inactive',
      dnp_reason: 'Injury/Illness - Left Ankle; Sprain',
      ...nothing,
    },
  ];
}

function identity(game: Game, team: string, place: number): RawRow {
  return {
    game_id: game.key,
    game_date: nbaDate,
    player_lookup: `${team.toLowerCase()}player${place}`,
    player_name: `${team} Player ${place}`,
    team_abbr: team,
    home_team_abbr: game.home,
    away_team_abbr: game.away,
  };
}

const counted = [
  'points',
  'field_goals_made',
  'field_goals_attempted',
  'three_pointers_made',
  'three_pointers_attempted',
  'free_throws_made',
  'free_throws_attempted',
  'offensive_rebounds',
  'defensive_rebounds',
  'total_rebounds',
  'assists',
  'steals',
  'blocks',
  'turnovers',
  'personal_fouls',
] as const;

const nothing: RawRow = Object.fromEntries([...counted, 'minutes', 'plus_minus'].map((name) => [name, null]));

function teamBox(game: Game, team: string, active: readonly RawRow[]): RawRow {
  const own = active.filter((row) => row.team_abbr === team);
  const total = (column: string) => own.reduce((sum, row) => sum + Number(row[column]), 0);
  return {
    game_id: game.key,
    nba_game_id: game.id,
    game_date: nbaDate,
    team_abbr: team,
    is_home: team === game.home,
    minutes: game.seconds / 60,
    ...Object.fromEntries(counted.map((column) => [column, total(column)])),
    // A block more than the gamebook has: which of the two was taken shows.
    blocks: total('blocks') + 1,
  };
}

/** The last player of each team has a box score that never became final. */
function playerBoxes(active: readonly RawRow[]): RawRow[] {
  return active.flatMap(({ player_status, dnp_reason, minutes, ...row }) => {
    const box = { ...row, game_status: 'Final', minutes: Number(String(minutes).split(':')[0]) };
    const last = String(row.player_lookup).endsWith('8');
    return versions(last ? { ...box, game_status: 'Live' } : box, { game_status: 'Live', points: 1 });
  });
}

function props(active: readonly RawRow[]): RawRow[] {
  const offer = (row: RawRow, bookmaker: string, points_line: number, at: string): RawRow => ({
    game_date: nbaDate,
    player_lookup: row.player_lookup!,
    player_name: row.player_name!,
    bookmaker,
    points_line,
    processed_at: `2026-01-16T${at}:00Z`,
  });
  return active.flatMap((row) => {
    const place = Number(String(row.player_lookup).at(-1));
    const other = offer(row, 'betmgm', 11.5, '23:00');
    const fanDuel = offer(row, 'fanduel', 9.5, '20:00');
    const draftKings = [offer(row, 'draftkings', 12.5, '17:00'), offer(row, 'draftkings', 8, '19:00')];
    if (place < 3) return [other, fanDuel, ...draftKings];
    if (place < 5) return [other, fanDuel];
    return place < 7 ? [other] : [];
  });
}

const points = (active: readonly RawRow[], team: string) =>
  active.filter((row) => row.team_abbr === team).reduce((sum, row) => sum + Number(row.points), 0);

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
