import { addDays, eastern } from '../../season/days.ts';
import { generateSeason, type Season } from '../../season/index.ts';
import { stage } from './cast.ts';

/** A busy night of basketball on a full day of baseball, and when what is known of it gets known. */
export interface NightSlate {
  readonly seed: number;
  readonly date: string;
  readonly nba: Season;
  readonly mlb: Season;
  /** When the first triggers come: too early. Milliseconds since the Unix epoch, as all instants here. */
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

// Scrapers look every ten minutes: what lands between is seen together.
const scrapeEvery = 10 * 60_000;
const evening = 18;

/**
 * The night of a seed's season with most games in the evening, of those with a week of baseball behind them.
 *
 * @param begins The hour in New York. Default: 18.
 */
export function nightSlate(seed: number, begins = evening): NightSlate {
  const [nba, mlb] = [generateSeason({ seed, sport: 'nba' }), generateSeason({ seed, sport: 'mlb' })];
  const date = busiest(nba, mlb);
  const startsAt = eastern(date, 60 * begins);
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

function seenAt(landed: number): number {
  return Math.ceil(landed / scrapeEvery) * scrapeEvery;
}

/** The season that has the table. */
export function seasonOf(slate: NightSlate, table: string): Season {
  return slate.nba.tables.includes(table) ? slate.nba : slate.mlb;
}

function busiest(nba: Season, mlb: Season): string {
  const first = addDays(mlb.dates[0]!, 7);
  const nights = nba.dates.filter((date) => date >= first && mlb.games(date).length >= 10);
  const evenings = (date: string) =>
    nba.games(date).filter(({ startsAt }) => startsAt >= eastern(date, 60 * evening)).length;
  return nights.reduce((best, date) => (evenings(date) > evenings(best) ? date : best));
}

/** When rows of the day land in the table: their own time says it. */
function landingTimes(season: Season, table: string, date: string): readonly number[] {
  return [...new Set(season.rows(table, date).map((row) => Date.parse(String(row.processed_at))))];
}
