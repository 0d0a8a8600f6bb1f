import { type DateRange, type Run, sourceColumns } from 'breakwater';
import { z } from 'zod';
import { readFinalGames } from './final-games.ts';
import { readPointsLines } from './points-lines.ts';

/** What the warehouse knows of a date's players, each source by its latest rows. */
export type PlayerDay = Awaited<ReturnType<typeof readPlayerDay>>;
export type PlayerLine = z.infer<typeof gamebookPlayer>;
export type PlayerGame = PlayerDay['games'][number];

const playerSources = sourceColumns(
  [
    'nba_raw.nbac_schedule',
    'nba_raw.nbac_gamebook_player_stats',
    'nba_raw.nbac_player_boxscores',
    'nba_raw.odds_api_player_points_props',
    'nba_analytics.team_offense_game_summary',
  ],
  {
    // Teams that were computed once more from the same box scores are no newer.
    newest: {
      'nba_analytics.team_offense_game_summary': [
        'source_nbac_team_boxscore_last_updated',
        'source_nbac_gamebook_player_stats_last_updated',
      ],
    },
  },
);

/** The date's final games, their players in both sources, teams and betting lines. */
export async function readPlayerDay(run: Run<DateRange>) {
  const ofDate = { params: { date: run.date }, types: { date: 'DATE' } } as const;
  const [games, gamebook, boxScores, teams, lines] = await Promise.all([
    readFinalGames(run, playerSources),
    run.bigquery.query(gamebookPlayers, { ...ofDate, schema: gamebookPlayer }),
    run.bigquery.query(boxScorePlayers, { ...ofDate, schema: active }),
    run.bigquery.query(teamRows, { ...ofDate, schema: teamRow }),
    readPointsLines(run),
  ]);
  return { games, gamebook, boxScores, teams, lines };
}

/**
 * Each final game's players: from the gamebook or, when nobody in it is active, from the final box score.
 */
export function playersByGame(day: PlayerDay) {
  return day.games.map((game) => {
    const inGame = (player: PlayerLine) => player.game_id === game.gameId;
    const listed = day.gamebook.filter(inGame);
    const fallback = !listed.some((player) => player.player_status === 'active');
    return { game, fallback, players: fallback ? day.boxScores.filter(inGame) : listed };
  });
}

/** The rows of teams that have a final game. */
export function finalTeams(day: PlayerDay) {
  const games = new Set(day.games.map(({ gameId }) => gameId));
  return day.teams.filter((team) => games.has(team.game_id));
}

const identity = z.object({
  game_id: z.string(),
  player_lookup: z.string(),
  player_name: z.string().nullable(),
  team_abbr: z.string(),
});
const active = identity.extend({
  player_status: z.literal('active'),
  minutes: z.union([z.string(), z.int()]).nullable(),
  points: z.int(),
  assists: z.int(),
  field_goals_made: z.int(),
  field_goals_attempted: z.int(),
  three_pointers_made: z.int(),
  free_throws_attempted: z.int(),
  turnovers: z.int(),
});
const absent = identity.extend({
  player_status: z.enum(['dnp', 'inactive']),
  dnp_reason: z.string().nullable(),
});
const gamebookPlayer = z.discriminatedUnion('player_status', [active, absent]);
const teamRow = z.object({
  game_id: z.string(),
  team_abbr: z.string(),
  possessions: z.number().nullable(),
});

const boxColumns = Object.keys(active.omit({ player_status: true }).shape).join(', ');

const gamebookPlayers = `
  SELECT ${boxColumns}, player_status, dnp_reason
  FROM nba_raw.nbac_gamebook_player_stats
  WHERE game_date = @date
  QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, player_lookup ORDER BY processed_at DESC) = 1
  ORDER BY game_id, player_lookup`;

// Only players who took the floor have a box score.
const boxScorePlayers = `
  WITH latest AS (
    SELECT ${boxColumns}, game_status
    FROM nba_raw.nbac_player_boxscores
    WHERE game_date = @date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, player_lookup ORDER BY processed_at DESC) = 1
  )
  SELECT ${boxColumns}, 'active' AS player_status
  FROM latest
  WHERE game_status = 'Final'
  ORDER BY game_id, player_lookup`;

const teamRows = `
  SELECT game_id, team_abbr, possessions
  FROM nba_analytics.team_offense_game_summary
  WHERE game_date = @date`;
