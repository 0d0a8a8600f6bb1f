import type { RawRow } from '../independent/raw.ts';

/** The last of the made-up days: it has a doubleheader. */
export const mlbDate = '2025-05-20';

/** The doubleheader's games, in the order played; the later one has the smaller number. */
export const doubleheader = [9_002, 9_001] as const;

/**
 * Fourteen days of two teams, and one game of the year before, in every table. Most games are in both sources, which
 * disagree by a strikeout; some are in one only; `mlbDate` is a doubleheader with a third game that was postponed.
 */
export function mlbDays(): Record<string, RawRow[]> {
  const games: { pk: number; date: string; number: number; in: 'both' | 'official' | 'bdl' }[] = [
    { pk: 100, date: '2024-09-29', number: 1, in: 'both' },
    ...Array.from({ length: 13 }, (_, day) => ({
      pk: 1_000 + day,
      date: `2025-05-${String(day + 3 + Math.floor(day / 5)).padStart(2, '0')}`,
      number: 1,
      in: (['both', 'official', 'bdl'] as const)[day % 3]!,
    })),
    { pk: doubleheader[0], date: mlbDate, number: 1, in: 'both' },
    { pk: doubleheader[1], date: mlbDate, number: 2, in: 'bdl' },
  ];
  const batters = games.flatMap((game, index) =>
    ['NYY', 'BOS'].flatMap((team) =>
      [0, 1, 2].map((place) => ({ game, row: batter(game, index, team, place) })),
    ),
  );
  return {
    'mlb_raw.mlb_schedule': [
      ...games.flatMap(({ pk, date, number }) => [
        scheduled(pk, date, number, 'In Progress', '20:00'),
        scheduled(pk, date, number, 'Final', '23:30'),
      ]),
      scheduled(9_003, mlbDate, 1, 'Postponed', '21:00'),
    ],
    'mlb_raw.mlbapi_batter_stats': batters.filter(({ game }) => game.in !== 'bdl').map(({ row }) => row),
    'mlb_raw.bdl_batter_stats': batters
      .filter(({ game }) => game.in !== 'official')
      .flatMap(({ game, row }) => {
        const strikeouts = Number(row.strikeouts) + (game.in === 'both' ? 1 : 0);
        return [
          {
            ...row,
            strikeouts: 0,
            game_status: 'STATUS_IN_PROGRESS',
            processed_at: `${game.date}T21:00:00Z`,
          },
          { ...row, strikeouts, game_status: 'STATUS_FINAL', processed_at: `${game.date}T23:50:00Z` },
        ];
      }),
  };
}

function scheduled(pk: number, date: string, number: number, status: string, at: string): RawRow {
  return {
    game_pk: pk,
    game_date: date,
    status_detailed: status,
    game_number: number,
    home_team_abbr: 'NYY',
    away_team_abbr: 'BOS',
    processed_at: `${date}T${at}:00Z`,
  };
}

function batter(game: { pk: number; date: string }, index: number, team: string, place: number): RawRow {
  // The third batter of a team walks through every fourth game without an at-bat.
  const atBats = place === 2 && index % 4 === 0 ? 0 : 3 + ((index + place) % 3);
  return {
    game_pk: game.pk,
    game_date: game.date,
    player_lookup: `${team.toLowerCase()}batter${place}`,
    player_name: `${team} Batter ${place}`,
    team_abbr: team,
    opponent_abbr: team === 'NYY' ? 'BOS' : 'NYY',
    home_away: team === 'NYY' ? 'home' : 'away',
    batting_order: place + 1,
    strikeouts: Math.min(atBats, (index * (place + 2)) % 4),
    at_bats: atBats,
    hits: Math.min(atBats, (index + place) % 3),
    walks: atBats === 0 ? 4 : index % 2,
    home_runs: 0,
    rbis: index % 3,
    runs: place % 2,
    processed_at: `${game.date}T23:40:00Z`,
  };
}
