import { AnalyticsProcessorBase, type DateRange, defineProcessor, quality, type Run } from 'breakwater';
import { outputRow } from '../output-row.ts';
import { overtimes, pace, possessions, rating, trueShooting } from './formulas.ts';
import { lineOf, readTeamGames, type TeamGame } from './team-games.ts';
import { teamTables, teamUpstream } from './team-upstream.ts';

/** What each team's attack was worth in each final game of the date. */
export class TeamOffenseGameSummary extends AnalyticsProcessorBase<TeamGame[], TeamOffenseRow> {
  static readonly processor = defineProcessor({
    name: 'TeamOffenseGameSummaryProcessor',
    sport: 'nba',
    timeout: '10m',
    output: 'nba_analytics.team_offense_game_summary',
    partition: 'game_date',
    key: ['game_date', 'team_abbr'],
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
    return games.map((game) => teamOffenseRow(game, run.clock.wallNow()));
  }
}

export type TeamOffenseRow = ReturnType<typeof teamOffenseRow>;

export function teamOffenseRow(game: TeamGame, processedAt: number) {
  const own = lineOf(game.own);
  const opponent = lineOf(game.opponent);
  const poss = possessions(own);
  const periods = overtimes(own.minutes);
  const fallbacks = game.own.box === undefined || game.opponent.box === undefined ? 1 : 0;
  return outputRow(
    {
      game_date: game.date,
      team_abbr: game.own.team,
      game_id: game.gameId,
      opponent_team_abbr: game.opponent.team,
      home_game: game.home,
      points_scored: own.points,
      possessions: poss,
      offensive_rating: rating(own.points, poss),
      pace: pace(poss, periods),
      ts_pct: trueShooting(own),
      win_flag: own.points > opponent.points,
      margin_of_victory: own.points - opponent.points,
      overtime_periods: periods,
    },
    // A game of which a side is missing was refused: nothing is incomplete here.
    { sources: game.sources, quality: quality({ sources: [], fallbacks }), processedAt },
  );
}
