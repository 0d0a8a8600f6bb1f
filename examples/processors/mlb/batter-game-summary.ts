import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  InvalidDataError,
  quality,
  type Run,
} from 'breakwater';
import { anyOf, rows, schedule } from 'breakwater/upstream';
import { daysBetween } from '../../dates.ts';
import { outputRow } from '../output-row.ts';
import { batterForm } from './batter-form.ts';
import { type BatterGame, batterSources, readBatterGames } from './batter-games.ts';

/** What each batter did in each final game of the date, with his form before it. */
export class MlbBatterGameSummary extends AnalyticsProcessorBase<BatterGame[], BatterGameRow> {
  static readonly processor = defineProcessor({
    name: 'MlbBatterGameSummaryProcessor',
    sport: 'mlb',
    timeout: '10m',
    output: 'mlb_analytics.batter_game_summary',
    partition: 'game_date',
    key: ['game_date', 'game_pk', 'player_lookup'],
  });
  static readonly requiredTables = [
    ['mlb_raw.mlb_schedule'],
    ['mlb_raw.mlbapi_batter_stats', 'mlb_raw.bdl_batter_stats'],
  ] as const;

  upstream(options: DateRange) {
    const games = schedule('mlb_raw.mlb_schedule');
    return [
      games.final(options),
      anyOf(
        rows('mlb_raw.mlbapi_batter_stats')
          .forDates(options)
          .distinct('team_abbr')
          .atLeast({ rows: 2, per: games }),
        rows('mlb_raw.bdl_batter_stats')
          .where({ game_status: 'STATUS_FINAL' })
          .forDates(options)
          .distinct('team_abbr')
          .atLeast({ rows: 2, per: games }),
      ),
    ];
  }

  protected extract(run: Run<DateRange>) {
    return readBatterGames(run);
  }

  /** Refuses a date with a final game of which there is no batter. */
  protected override validate(games: BatterGame[], run: Run<DateRange>) {
    const { found, wanted } = completeness(games);
    if (found === 0 || found < wanted) {
      throw new InvalidDataError(
        `Batters of ${found} final games were found on ${run.date}, wanted ${wanted}`,
      );
    }
  }

  protected transform(games: BatterGame[], run: Run<DateRange>) {
    return batterRows(games, run.clock.wallNow());
  }
}

export type BatterGameRow = ReturnType<typeof batterRows>[number];

export function batterRows(games: BatterGame[], processedAt: number) {
  const sources = [completeness(games)];
  return games.map((game) =>
    outputRow(
      {
        game_date: game.game_date,
        game_pk: game.game_pk,
        player_lookup: game.player_lookup,
        player_name: game.player_name,
        game_number: game.game_number,
        team_abbr: game.team_abbr,
        opponent_abbr: game.opponent_abbr,
        home_away: game.home_away,
        batting_order: game.batting_order,
        strikeouts: game.strikeouts,
        at_bats: game.at_bats,
        hits: game.hits,
        walks: game.walks,
        home_runs: game.home_runs,
        rbis: game.rbis,
        runs: game.runs,
        ...batterForm(game),
        // 0 in the second game of a doubleheader.
        days_since_last_game:
          game.last_game_date === null ? null : daysBetween(game.last_game_date, game.game_date),
      },
      {
        sources: batterSources.pick(game),
        quality: quality({ sources, fallbacks: game.from_fallback ? 1 : 0 }),
        processedAt,
      },
    ),
  );
}

function completeness(games: readonly BatterGame[]) {
  return {
    found: new Set(games.map((game) => game.game_pk)).size,
    wanted: games[0]?.games_wanted ?? 0,
  };
}
