import { type Quality, quality } from 'breakwater';
import { outputRow } from '../output-row.ts';
import { dnpCategory } from './dnp-reason.ts';
import { effectiveFieldGoals, trueShooting, usageRate } from './formulas.ts';
import { minutesOf, roundedMinutes } from './minutes.ts';
import { finalTeams, type PlayerDay, type PlayerGame, type PlayerLine, playersByGame } from './player-day.ts';

export type PlayerGameRow = ReturnType<typeof playerRow>;

/** One row a player, in the order of games and players. */
export function playerRows(day: PlayerDay, processedAt: number): PlayerGameRow[] {
  const teams = new Map(day.teams.map((team) => [`${team.game_id}/${team.team_abbr}`, team.possessions]));
  const lines = new Map(day.lines.map((line) => [line.player_lookup, line.points_line]));
  const games = playersByGame(day);
  const sources = [
    { found: games.filter(({ players }) => players.length > 0).length, wanted: games.length },
    { found: finalTeams(day).length, wanted: 2 * games.length },
  ];
  const rows = games.flatMap(({ game, players, fallback }) =>
    players.map((player) =>
      playerRow({
        game,
        player,
        teamPossessions: teams.get(`${game.gameId}/${player.team_abbr}`) ?? null,
        line: lines.get(player.player_lookup) ?? null,
        quality: quality({ sources, fallbacks: fallback ? 1 : 0 }),
        processedAt,
      }),
    ),
  );
  return onePerPlayer(rows);
}

interface PlayerInGame {
  readonly game: PlayerGame;
  readonly player: PlayerLine;
  readonly teamPossessions: number | null;
  /** The points that a bookmaker expects. */
  readonly line: number | null;
  readonly quality: Quality;
  readonly processedAt: number;
}

function playerRow({ game, player, teamPossessions, line, quality, processedAt }: PlayerInGame) {
  const atHome = player.team_abbr === game.home;
  return outputRow(
    {
      game_date: game.date,
      player_lookup: player.player_lookup,
      player_name: player.player_name,
      game_id: game.gameId,
      team_abbr: player.team_abbr,
      opponent_team_abbr: atHome ? game.away : game.home,
      ...boxScore(player, teamPossessions),
      points_line: line,
      ...againstLine(player, line),
      is_active: player.player_status === 'active',
      is_dnp: player.player_status === 'dnp',
      dnp_reason_category: player.player_status === 'active' ? null : dnpCategory(player.dnp_reason),
      win_flag: won(game, atHome),
    },
    { sources: game.sources, quality, processedAt },
  );
}

function boxScore(player: PlayerLine, teamPossessions: number | null) {
  if (player.player_status !== 'active') return notPlayed;
  const shots = {
    points: player.points,
    fieldGoalsMade: player.field_goals_made,
    fieldGoalsAttempted: player.field_goals_attempted,
    threePointersMade: player.three_pointers_made,
    freeThrowsAttempted: player.free_throws_attempted,
    turnovers: player.turnovers,
  };
  const minutes = minutesOf(player.minutes);
  return {
    points: player.points,
    minutes_played: roundedMinutes(minutes),
    assists: player.assists,
    fg_attempts: player.field_goals_attempted,
    usage_rate: usageRate(shots, minutes, teamPossessions),
    ts_pct: trueShooting(shots),
    efg_pct: effectiveFieldGoals(shots),
    // No source says who started; more than twenty minutes stand for it.
    starter_flag: minutes !== null && minutes > 20,
  };
}

const notPlayed = {
  points: null,
  minutes_played: null,
  assists: null,
  fg_attempts: null,
  usage_rate: null,
  ts_pct: null,
  efg_pct: null,
  starter_flag: false,
};

function againstLine(player: PlayerLine, line: number | null) {
  if (player.player_status !== 'active' || line === null) return { over_under_result: null, margin: null };
  return { over_under_result: player.points >= line ? 'OVER' : 'UNDER', margin: player.points - line };
}

function won({ homeScore, awayScore }: PlayerGame, atHome: boolean): boolean | null {
  if (homeScore === null || awayScore === null) return null;
  return atHome ? homeScore > awayScore : awayScore > homeScore;
}

/** A player traded that day may be on two sheets: the one he played for counts. */
function onePerPlayer(rows: readonly PlayerGameRow[]): PlayerGameRow[] {
  const kept = new Map<string, PlayerGameRow>();
  for (const row of rows) {
    const before = kept.get(row.player_lookup);
    if (before === undefined || (row.is_active && !before.is_active)) kept.set(row.player_lookup, row);
  }
  return [...kept.values()];
}
