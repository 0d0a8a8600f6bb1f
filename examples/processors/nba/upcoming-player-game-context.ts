import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  InvalidDataError,
  type Run,
} from 'breakwater';
import { rows, schedule } from 'breakwater/upstream';
import { bettingLines, playersUpToTheDayBefore, rostersOfTheWeek } from './context-upstream.ts';
import { gamesOfTeams, type PlayerContextRow, playerContextRows, wantedLines } from './player-context.ts';
import { extractions, type PlayerContextDay } from './player-context-sources.ts';

/** What is known of each player before his game of the date: betting lines, rest, form, who is out beside him. */
export class UpcomingPlayerGameContext extends AnalyticsProcessorBase<PlayerContextDay, PlayerContextRow> {
  static readonly processor = defineProcessor({
    name: 'UpcomingPlayerGameContextProcessor',
    sport: 'nba',
    timeout: '10m',
    output: 'nba_analytics.upcoming_player_game_context',
    partition: 'game_date',
    key: ['game_date', 'player_lookup'],
  });
  static readonly requiredTables: readonly (readonly string[])[] = [
    ['nba_raw.nbac_schedule'],
    ['nba_raw.espn_team_rosters'],
    ['nba_raw.odds_api_player_points_props'],
  ];

  upstream(options: DateRange) {
    const games = schedule('nba_raw.nbac_schedule');
    return [
      games.scheduled(options),
      playersUpToTheDayBefore(options),
      rows('nba_raw.odds_api_player_points_props')
        .forDates(options)
        .distinct('player_lookup')
        .atLeast(wantedLines),
      bettingLines(options, games),
      rostersOfTheWeek(options),
    ];
  }

  /** One source after the other. */
  protected async extract(run: Run<DateRange>): Promise<PlayerContextDay> {
    return {
      date: run.date,
      games: await extractions.games(run),
      roster: await extractions.roster(run),
      pointsLines: await extractions.pointsLines(run),
      played: await extractions.played(run),
      lines: await extractions.lines(run),
      injuries: await extractions.injuries(run),
    };
  }

  /** Refuses a date on which a team that plays has nobody to play for it. */
  protected override validate({ games, roster }: PlayerContextDay) {
    const rostered = new Set(roster.map(({ team_abbr }) => team_abbr));
    const missing = [...gamesOfTeams(games).keys()].filter((team) => !rostered.has(team));
    if (missing.length > 0)
      throw new InvalidDataError(`No roster was found of ${missing.join(', ')}, which play on the date`);
  }

  protected transform(day: PlayerContextDay, run: Run<DateRange>) {
    return playerContextRows(day, run.clock.wallNow());
  }
}
