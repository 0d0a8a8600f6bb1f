import { type DateRange, InvalidDataError, type Run, type SourceColumns, sourceColumns } from 'breakwater';
import { z } from 'zod';
import { readFinalGames } from './final-games.ts';
import { minutesOf } from './minutes.ts';

/** One team's numbers in one game. */
export interface TeamLine {
  readonly points: number;
  readonly minutes: number;
  readonly fieldGoalsAttempted: number;
  readonly threePointersMade: number;
  readonly freeThrowsAttempted: number;
  readonly offensiveRebounds: number;
  readonly defensiveRebounds: number;
  readonly turnovers: number;
  readonly steals: number;
  readonly blocks: number;
}

/** A team in a game, as each source has it. */
export interface Side {
  readonly team: string;
  readonly gameId: string;
  readonly box: TeamLine | undefined;
  /** The sum of the team's active players in the gamebook. */
  readonly gamebook: TeamLine | undefined;
}

/** A final game from one team's side. */
export interface TeamGame {
  readonly gameId: string;
  readonly date: string;
  readonly home: boolean;
  readonly own: Side;
  readonly opponent: Side;
  readonly sources: TeamSources;
}

const teamSources = sourceColumns([
  'nba_raw.nbac_schedule',
  'nba_raw.nbac_team_boxscore',
  'nba_raw.nbac_gamebook_player_stats',
]);

export type TeamSources = SourceColumns<
  'nba_raw.nbac_schedule' | 'nba_raw.nbac_team_boxscore' | 'nba_raw.nbac_gamebook_player_stats'
>;

/**
 * The team's box score, or without one the sum of its players in the gamebook.
 *
 * @throws InvalidDataError when it has neither.
 */
export function lineOf(side: Side): TeamLine {
  const line = side.box ?? side.gamebook;
  if (line === undefined) {
    throw new InvalidDataError(
      `${side.team} has neither a team box score nor gamebook players in ${side.gameId}`,
    );
  }
  return line;
}

/** Every final game of the run's date, twice: once from each side, home team first. */
export async function readTeamGames(run: Run<DateRange>): Promise<TeamGame[]> {
  const ofDate = { params: { date: run.date }, types: { date: 'DATE' } } as const;
  const [games, boxes, players] = await Promise.all([
    readFinalGames(run, teamSources),
    run.bigquery.query(teamBoxScores, { ...ofDate, schema: boxRow }),
    run.bigquery.query(gamebookPlayers, { ...ofDate, schema: playerRow }),
  ]);
  const boxOf = new Map(boxes.map((row) => [sideKey(row.game_id, row.team_abbr), toLine(row, row.minutes)]));
  const gamebookOf = sumTeams(players);
  return games.flatMap(({ gameId, date, home, away, sources }) => {
    const [ofHome, ofAway] = [home, away].map((team) => ({
      team,
      gameId,
      box: boxOf.get(sideKey(gameId, team)),
      gamebook: gamebookOf.get(sideKey(gameId, team)),
    })) as [Side, Side];
    return [
      { gameId, date, home: true, own: ofHome, opponent: ofAway, sources },
      { gameId, date, home: false, own: ofAway, opponent: ofHome, sources },
    ];
  });
}

const counts = z.object({
  game_id: z.string(),
  team_abbr: z.string(),
  points: z.int(),
  field_goals_attempted: z.int(),
  three_pointers_made: z.int(),
  free_throws_attempted: z.int(),
  offensive_rebounds: z.int(),
  defensive_rebounds: z.int(),
  turnovers: z.int(),
  steals: z.int(),
  blocks: z.int(),
});
const boxRow = counts.extend({ minutes: z.int() });
const playerRow = counts.extend({ minutes: z.string().nullable() });

const columns = Object.keys(counts.shape).join(', ');

const teamBoxScores = `
  SELECT ${columns}, minutes
  FROM nba_raw.nbac_team_boxscore
  WHERE game_date = @date
  QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, team_abbr ORDER BY processed_at DESC) = 1`;

const gamebookPlayers = `
  WITH latest AS (
    SELECT ${columns}, minutes, player_status
    FROM nba_raw.nbac_gamebook_player_stats
    WHERE game_date = @date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, player_lookup ORDER BY processed_at DESC) = 1
  )
  SELECT ${columns}, minutes FROM latest WHERE player_status = 'active'`;

type Counts = z.infer<typeof counts>;

function toLine(row: Counts, minutes: number): TeamLine {
  return {
    points: row.points,
    minutes,
    fieldGoalsAttempted: row.field_goals_attempted,
    threePointersMade: row.three_pointers_made,
    freeThrowsAttempted: row.free_throws_attempted,
    offensiveRebounds: row.offensive_rebounds,
    defensiveRebounds: row.defensive_rebounds,
    turnovers: row.turnovers,
    steals: row.steals,
    blocks: row.blocks,
  };
}

function sumTeams(players: readonly z.infer<typeof playerRow>[]): ReadonlyMap<string, TeamLine> {
  const teams = new Map<string, TeamLine>();
  for (const player of players) {
    const key = sideKey(player.game_id, player.team_abbr);
    const line = toLine(player, minutesOf(player.minutes) ?? 0);
    const sum = teams.get(key);
    teams.set(key, sum === undefined ? line : add(sum, line));
  }
  return teams;
}

function add(a: TeamLine, b: TeamLine): TeamLine {
  const fields = Object.keys(a) as (keyof TeamLine)[];
  return Object.fromEntries(fields.map((field) => [field, a[field] + b[field]])) as unknown as TeamLine;
}

function sideKey(gameId: string, team: string): string {
  return `${gameId}/${team}`;
}
