import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  InvalidDataError,
  type Run,
} from 'breakwater';
import { anyOf, outputOf, rows, schedule } from 'breakwater/upstream';
import { finalTeams, type PlayerDay, playersByGame, readPlayerDay } from './player-day.ts';
import { type PlayerGameRow, playerRows } from './player-rows.ts';
import { TeamOffenseGameSummary } from './team-offense-game-summary.ts';

/** What each player did in each final game of the date. */
export class PlayerGameSummary extends AnalyticsProcessorBase<PlayerDay, PlayerGameRow> {
  static readonly processor = defineProcessor({
    name: 'PlayerGameSummaryProcessor',
    sport: 'nba',
    timeout: '10m',
    output: 'nba_analytics.player_game_summary',
    partition: 'game_date',
    key: ['game_date', 'player_lookup'],
  });
  static readonly requiredTables = [
    ['nba_raw.nbac_schedule'],
    ['nba_raw.nbac_gamebook_player_stats', 'nba_raw.nbac_player_boxscores'],
  ] as const;

  upstream(options: DateRange) {
    const games = schedule('nba_raw.nbac_schedule');
    return [
      games.final(options),
      anyOf(
        rows('nba_raw.nbac_gamebook_player_stats')
          .where({ player_status: 'active' })
          .forDates(options)
          .distinct('team_abbr')
          .atLeast({ rows: 2, per: games }),
        rows('nba_raw.nbac_player_boxscores')
          .where({ game_status: 'Final' })
          .forDates(options)
          .distinct('team_abbr')
          .atLeast({ rows: 2, per: games }),
      ),
      outputOf(TeamOffenseGameSummary).forDates(options).atLeast({ share: 0.8, of: games }),
    ];
  }

  protected extract(run: Run<DateRange>) {
    return readPlayerDay(run);
  }

  protected override validate(day: PlayerDay) {
    requireTeams(day);
    for (const { game, players } of playersByGame(day)) {
      const teams = new Set(players.map((player) => player.team_abbr));
      const missing = [game.away, game.home].filter((team) => !teams.has(team));
      if (missing.length > 0)
        throw new InvalidDataError(`No players of ${missing.join(' and ')} were found in ${game.gameId}`);
    }
  }

  protected transform(day: PlayerDay, run: Run<DateRange>) {
    return playerRows(day, run.clock.wallNow());
  }
}

/** The gate: team rows for at least 80 % of the final teams, and of these at most 20 % without possessions. */
function requireTeams(day: PlayerDay): void {
  const wanted = 2 * day.games.length;
  const found = finalTeams(day);
  const without = found.filter(({ possessions }) => possessions === null).length;
  const { output } = TeamOffenseGameSummary.processor;
  if (found.length < 0.8 * wanted)
    throw new InvalidDataError(`${output} has ${found.length} of ${wanted} final teams, below 80 %`);
  if (without > 0.2 * found.length)
    throw new InvalidDataError(
      `${output} has no possessions for ${without} of ${found.length} teams, above 20 %`,
    );
}
