import { AnalyticsProcessorBase, type DateRange, defineProcessor, quality, type Run } from 'breakwater';
import { outputRow } from '../output-row.ts';
import { overtimes, pace, possessions, rating, trueShooting } from './formulas.ts';
import { lineOf, readTeamGames, type TeamGame } from './team-games.ts';
import { teamTables, teamUpstream } from './team-upstream.ts';

/** What each team's defence allowed in each final game of the date. */
export class TeamDefenseGameSummary extends AnalyticsProcessorBase<TeamGame[], TeamDefenseRow> {
  static readonly processor = defineProcessor({
    name: 'TeamDefenseGameSummaryProcessor',
    sport: 'nba',
    timeout: '10m',
    output: 'nba_analytics.team_defense_game_summary',
    partition: 'game_date',
    key: ['game_date', 'defending_team_abbr'],
  });
  static readonly requiredTables = teamTables;

  upstream(options: DateRange) {
    return teamUpstream(options);
  }

  protected extract(run: Run<DateRange>) {
    return readTeamGames(run);
  }

  /** Refuses a game of which a side is missing. */
  protected override validate(games: TeamGame[]) {
    for (const { own } of games) lineOf(own);
  }

  protected transform(games: TeamGame[], run: Run<DateRange>) {
    return games.map((game) => teamDefenseRow(game, run.clock.wallNow()));
  }
}

export type TeamDefenseRow = ReturnType<typeof teamDefenseRow>;

export function teamDefenseRow(game: TeamGame, processedAt: number) {
  const defence = lineOf(game.own);
  const attack = lineOf(game.opponent);
  // Steals, blocks and defensive rebounds are what the defending team did; the gamebook counts them first.
  const { steals, blocks, defensiveRebounds } = game.own.gamebook ?? defence;
  const attackPossessions = possessions(attack);
  const fallbacks =
    (game.own.gamebook === undefined ? 1 : 0) +
    (game.own.box === undefined || game.opponent.box === undefined ? 1 : 0);
  return outputRow(
    {
      game_date: game.date,
      defending_team_abbr: game.own.team,
      game_id: game.gameId,
      opponent_team_abbr: game.opponent.team,
      home_game: game.home,
      points_allowed: attack.points,
      opp_fg_attempts: attack.fieldGoalsAttempted,
      opp_three_pt_makes: attack.threePointersMade,
      turnovers_forced: attack.turnovers,
      defensive_rating: rating(attack.points, attackPossessions),
      opponent_pace: pace(attackPossessions, overtimes(attack.minutes)),
      opponent_ts_pct: trueShooting(attack),
      steals,
      blocks,
      defensive_rebounds: defensiveRebounds,
      win_flag: defence.points > attack.points,
    },
    // A game of which a side is missing was refused: nothing is incomplete here.
    { sources: game.sources, quality: quality({ sources: [], fallbacks }), processedAt },
  );
}
