import { addDays, eastern } from '../../season/days.ts';
import { generateSeason, type Season } from '../../season/index.ts';
import { stage } from './cast.ts';

/** A busy night of basketball on a full day of baseball, and when what is known of it gets known. */
export interface NightSlate {
  readonly seed: number;
  readonly date: string;
  readonly nba: Season;
  readonly mlb: Season;
  /** Early in the evening, when the first triggers come. Milliseconds since the Unix epoch, as all instants here. */
  readonly startsAt: number;
  /** When tables get new rows, in order; at least one table each. */
  readonly landings: readonly Landing[];
  /** Every player line of the night's basketball has landed. */
  readonly basketballIsComplete: number;
}

export interface Landing {
  readonly at: number;
  readonly tables: readonly string[];
}

const evening = 18 * 60;

/**
 * The night of a seed's season with most games in the evening, of those with a week of baseball behind them.
 *
 * @param scrapeEvery Milliseconds between two looks of the scrapers: what lands between is seen together.
 */
export function nightSlate(seed: number, scrapeEvery: number): NightSlate {
  const seenAt = (at: number) => Math.ceil(at / scrapeEvery) * scrapeEvery;
  const [nba, mlb] = [generateSeason({ seed, sport: 'nba' }), generateSeason({ seed, sport: 'mlb' })];
  const date = busiest(nba, mlb);
  const startsAt = eastern(date, evening);
  const landings = new Map<number, Set<string>>();
  for (const season of [nba, mlb]) {
    for (const table of stage[season.sport]) {
      for (const at of landingTimes(season, table, date)) {
        const seen = seenAt(at);
        if (seen > startsAt) landings.set(seen, (landings.get(seen) ?? new Set()).add(table));
      }
    }
  }
  return {
    seed,
    date,
    nba,
    mlb,
    startsAt,
    landings: [...landings].map(([at, tables]) => ({ at, tables: [...tables] })).sort((a, b) => a.at - b.at),
    basketballIsComplete: seenAt(Math.max(...landingTimes(nba, 'nba_raw.nbac_player_boxscores', date))),
  };
}

/** The season that has the table. */
export function seasonOf(slate: NightSlate, table: string): Season {
  return slate.nba.tables.includes(table) ? slate.nba : slate.mlb;
}

function busiest(nba: Season, mlb: Season): string {
  const first = addDays(mlb.dates[0]!, 7);
  const nights = nba.dates.filter((date) => date >= first && mlb.games(date).length >= 10);
  const evenings = (date: string) =>
    nba.games(date).filter(({ startsAt }) => startsAt >= eastern(date, evening)).length;
  return nights.reduce((best, date) => (evenings(date) > evenings(best) ? date : best));
}

/** When rows of the day land in the table: their own time says it. */
function landingTimes(season: Season, table: string, date: string): readonly number[] {
  return [...new Set(season.rows(table, date).map((row) => Date.parse(String(row.processed_at))))];
}
