import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  quality,
  type Run,
  type SourceColumns,
  sourceColumns,
} from 'breakwater';
import { schedule } from 'breakwater/upstream';
import { outputRow } from '../output-row.ts';
import { type CalendarGame, readCalendar } from './calendar.ts';
import { bettingLines } from './context-upstream.ts';
import { type GameLine, readGameLines, spreadOf } from './game-lines.ts';
import { type Injury, readInjuries } from './injuries.ts';
import { teamForm } from './team-form.ts';

const tables = [
  'nba_raw.nbac_schedule',
  'nba_raw.odds_api_game_lines',
  'nba_raw.nbac_injury_report',
] as const;
const teamSources = sourceColumns(tables);

export interface TeamDay {
  readonly date: string;
  /** Thirty days back, a week ahead. */
  readonly games: readonly CalendarGame[];
  readonly lines: readonly GameLine[];
  readonly injuries: readonly Injury[];
  readonly sources: SourceColumns<(typeof tables)[number]>;
}

/** What is known of each team before its game of the date: rest, form, betting lines, injuries. */
export class UpcomingTeamGameContext extends AnalyticsProcessorBase<TeamDay, UpcomingTeamRow> {
  static readonly processor = defineProcessor({
    name: 'UpcomingTeamGameContextProcessor',
    sport: 'nba',
    timeout: '10m',
    output: 'nba_analytics.upcoming_team_game_context',
    partition: 'game_date',
    key: ['game_date', 'team_abbr'],
  });
  static readonly requiredTables = [['nba_raw.nbac_schedule'], ['nba_raw.odds_api_game_lines']] as const;

  upstream(options: DateRange) {
    const games = schedule('nba_raw.nbac_schedule');
    return [games.scheduled(options), bettingLines(options, games)];
  }

  protected async extract(run: Run<DateRange>): Promise<TeamDay> {
    const [games, lines, injuries, [sources]] = await Promise.all([
      readCalendar(run, { before: 30, after: 7 }),
      readGameLines(run),
      readInjuries(run),
      run.bigquery.query(teamSources.sql, {
        params: { date: run.date },
        types: { date: 'DATE' },
        schema: teamSources.schema,
      }),
    ]);
    return { date: run.date, games, lines, injuries, sources: sources! };
  }

  protected transform(day: TeamDay, run: Run<DateRange>) {
    return upcomingTeamRows(day, run.clock.wallNow());
  }
}

export type UpcomingTeamRow = ReturnType<typeof upcomingTeamRows>[number];

/** Two rows a game, home team first. */
export function upcomingTeamRows(day: TeamDay, processedAt: number) {
  const today = day.games.filter(({ date }) => date === day.date);
  const lines = new Map(day.lines.map((line) => [line.game_id, line]));
  const found = today.filter(({ gameId }) => lines.get(gameId)?.home_spread != null).length;
  const about = {
    sources: day.sources,
    quality: quality({ sources: [{ found, wanted: today.length }] }),
    processedAt,
  };
  return today.flatMap((game) =>
    [true, false].map((home) => {
      const line = lines.get(game.gameId);
      const [team, opponent] = home ? [game.home, game.away] : [game.away, game.home];
      return outputRow(
        {
          game_date: day.date,
          team_abbr: team,
          game_id: game.gameId,
          opponent_team_abbr: opponent,
          home_game: home,
          ...teamForm(day.games, team, day.date),
          game_spread: spreadOf(line, home),
          game_total: line?.total ?? null,
          players_out: countOf(day.injuries, team, 'out'),
          players_questionable: countOf(day.injuries, team, 'questionable'),
        },
        about,
      );
    }),
  );
}

/** Null when the date has no report at all: a healthy team is in one without a line. */
function countOf(injuries: readonly Injury[], team: string, status: string): number | null {
  if (injuries.length === 0) return null;
  return injuries.filter((injury) => injury.team === team && injury.injury_status === status).length;
}
