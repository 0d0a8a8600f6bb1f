import { type BigQueryClient, type Context, workRecords } from 'breakwater';
import { seededRandom, VirtualClock } from 'breakwater/testing';
import { createDispatcher, type Dispatcher } from 'breakwater/trigger';
import { createTables } from '../../schemas/index.ts';
import { addDays, eastern } from '../../season/days.ts';
import { cast } from './cast.ts';
import { newsLogger, troubledContext } from './context-of-the-night.ts';
import type { NightEvent, NightNews } from './events.ts';
import type { Ground, NightParts } from './ground.ts';
import { type NightReport, nightReport } from './night-report.ts';
import { fillHistory, scrape } from './scraper.ts';
import { type NightSlate, nightSlate } from './slate-of-the-night.ts';
import { until } from './until.ts';

export interface NightOptions {
  /** The same seed, the same night. */
  readonly seed: number;
  /** What it is played on, with no table in it yet. */
  readonly ground: (parts: NightParts) => Promise<Ground>;
  /** The hour in New York at which it begins. Default: 18. */
  readonly begins?: number | undefined;
  /** Is told of everything as it happens. Default: nobody. */
  readonly watch?: ((event: NightEvent, slate: NightSlate) => void) | undefined;
}

const minute = 60_000;
const sweepEvery = 15 * minute;
const longestNight = 24 * 60 * minute;

/**
 * A night of games from the first trigger to the last row, on a clock of its own: warehouse, state and heartbeats are real, the
 * hours are not.
 */
export async function playNight({
  seed,
  ground: open,
  begins,
  watch = () => {},
}: NightOptions): Promise<NightReport> {
  const slate = nightSlate(seed, begins);
  const clock = new VirtualClock({ wall: slate.startsAt });
  const tell = (news: NightNews) => watch({ at: clock.wallNow(), ...news }, slate);
  const ground = await open({ clock, random: seededRandom(seed), logger: newsLogger(tell) });
  const { bigquery: warehouse } = ground.context;
  try {
    await createTables(warehouse);
    await fillHistory(warehouse, slate);
    tell({ kind: 'evening' });
    // While the one call hangs that reads the betting lines.
    const sinkAway = {
      from: slate.basketballIsComplete + 3 * minute,
      to: slate.basketballIsComplete + 7 * minute,
    };
    const { context, asked } = troubledContext(ground.context, { seed, sinkAway }, tell);
    await clock.runUntil(passNight({ slate, warehouse, context, tell }));
    return await nightReport({ slate, warehouse, context, asked });
  } finally {
    await ground.close();
  }
}

/** Scrapers, scheduler and sweeper go their ways until all is done. */
async function passNight(parts: {
  readonly slate: NightSlate;
  readonly warehouse: BigQueryClient;
  readonly context: Context;
  readonly tell: (news: NightNews) => void;
}): Promise<void> {
  const { slate, warehouse, context, tell } = parts;
  const { clock } = context;
  const dispatcher = createDispatcher({
    processors: cast,
    context,
    on: (result) => tell({ kind: 'ended', result }),
  });
  const told: Promise<void>[] = [];
  let allCame = false;

  async function scrapers() {
    for (const { at, tables } of slate.landings) {
      await until(clock, at);
      for (const table of tables) await scrape(warehouse, slate, table, at);
      tell({ kind: 'landed', tables });
      // Nobody waits with the next game for what this one starts.
      told.push(
        Promise.all(tables.map((table) => dispatcher.tableUpdated(table, [slate.date]))).then((reports) =>
          tell({ kind: 'looked', waiting: reports.flatMap(({ waiting }) => waiting) }),
        ),
      );
    }
    await Promise.all(told);
  }
  async function sweeper() {
    while (clock.wallNow() < slate.startsAt + longestNight) {
      if (allCame && !(await isAnythingLeft(context))) return;
      await until(clock, clock.wallNow() + sweepEvery);
      const { waiting } = await dispatcher.sweep();
      tell({ kind: 'looked', waiting });
    }
  }
  const came = Promise.all([scrapers(), scheduler(slate, context, dispatcher, tell)]).then(() => {
    allCame = true;
  });
  await Promise.all([came, sweeper()]);
}

/** Asks for everything in the evening, again half-way, and in the morning, whether or not it can be done. */
async function scheduler(
  { date, startsAt, basketballIsComplete }: NightSlate,
  { clock }: Context,
  dispatcher: Dispatcher,
  tell: (news: NightNews) => void,
): Promise<void> {
  const triggers = [
    ['too early', startsAt],
    ['again', (startsAt + basketballIsComplete) / 2],
    ['in the morning', eastern(addDays(date, 1), 9 * 60)],
  ] as const;
  for (const [when, at] of triggers) {
    await until(clock, at);
    tell({ kind: 'triggered', when });
    const range = { startDate: date, endDate: date };
    await Promise.all(
      cast.map(({ processor }) => dispatcher.dispatch(processor.name, range, { trigger: 'schedule' })),
    );
  }
}

async function isAnythingLeft({ store }: Context): Promise<boolean> {
  const { entries } = await store.collection(workRecords).list({ limit: 1_000 });
  return entries.some(
    (entry) => !entry.readable || entry.value.parked !== null || entry.value.lease !== null,
  );
}
