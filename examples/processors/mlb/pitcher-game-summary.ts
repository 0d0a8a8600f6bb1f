import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  InvalidDataError,
  quality,
  type Run,
} from 'breakwater';
import { rows, schedule } from 'breakwater/upstream';
import { outputRow } from '../output-row.ts';
import { outsOf } from './innings.ts';
import { isQualityStart, pitcherForm } from './pitcher-form.ts';
import { type PitcherDay, readPitcherGames } from './pitcher-games.ts';

/** What each starting pitcher did in each final game of the date, with his form before it and his opponent's. */
export class MlbPitcherGameSummary extends AnalyticsProcessorBase<PitcherDay, PitcherGameRow> {
  static readonly processor = defineProcessor({
    name: 'MlbPitcherGameSummaryProcessor',
    sport: 'mlb',
    timeout: '10m',
    output: 'mlb_analytics.pitcher_game_summary',
    partition: 'game_date',
    key: ['game_date', 'game_pk', 'player_lookup'],
  });
  static readonly requiredTables = [['mlb_raw.mlb_schedule'], ['mlb_raw.mlbapi_pitcher_stats']] as const;

  upstream(options: DateRange) {
    const games = schedule('mlb_raw.mlb_schedule');
    return [
      games.final(options),
      rows('mlb_raw.mlbapi_pitcher_stats')
        .where({ is_starter: true })
        .forDates(options)
        .distinct('team_abbr')
        .atLeast({ rows: 2, per: games }),
    ];
  }

  protected extract(run: Run<DateRange>) {
    return readPitcherGames(run);
  }

  /** Refuses innings that are none, and a date of whose games there is no start at all. */
  protected override validate({ date, starts, gamesWanted }: PitcherDay) {
    for (const { innings_pitched } of starts) outsOf(innings_pitched);
    if (gamesWanted > 0 && !starts.some(({ game_date }) => game_date === date))
      throw new InvalidDataError(`No starting pitcher of ${gamesWanted} final games was found on ${date}`);
  }

  protected transform(day: PitcherDay, run: Run<DateRange>) {
    return pitcherRows(day, run.clock.wallNow());
  }
}

export type PitcherGameRow = ReturnType<typeof pitcherRows>[number];

/** Strike-outs for an at-bat of a team of which nothing is known yet: the league's. */
const usualStrikeoutRate = 0.22;

export function pitcherRows(day: PitcherDay, processedAt: number) {
  const starts = day.starts.map((start) => ({ ...start, outs: outsOf(start.innings_pitched) }));
  const opponents = new Map(day.opponents.map((form) => [`${form.game_pk}/${form.team_abbr}`, form]));
  return [...Map.groupBy(starts, ({ player_lookup }) => player_lookup).values()].flatMap((career) =>
    career.flatMap((start, index) => {
      if (start.game_date !== day.date) return [];
      const { strikeouts_last_15: strikeouts, at_bats_last_15: atBats } =
        opponents.get(`${start.game_pk}/${start.opponent_abbr}`) ?? {};
      const known = strikeouts != null && atBats != null && atBats > 0;
      return outputRow(
        {
          game_date: start.game_date,
          game_pk: start.game_pk,
          player_lookup: start.player_lookup,
          player_name: start.player_name,
          game_number: start.game_number,
          team_abbr: start.team_abbr,
          opponent_abbr: start.opponent_abbr,
          home_away: start.home_away,
          strikeouts: start.strikeouts,
          innings_pitched: start.outs / 3,
          pitch_count: start.pitch_count,
          hits_allowed: start.hits,
          walks_allowed: start.walks,
          earned_runs: start.earned_runs,
          ...pitcherForm(career.slice(index + 1), start.game_date),
          opponent_team_k_rate: known ? strikeouts / atBats : usualStrikeoutRate,
          quality_start: isQualityStart(start),
        },
        {
          sources: day.sources,
          // The league's rate stands in for a team's own.
          quality: quality({ sources: [], fallbacks: known ? 0 : 1 }),
          processedAt,
        },
      );
    }),
  );
}
