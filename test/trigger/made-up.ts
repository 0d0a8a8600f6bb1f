import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  type Run,
} from '../../src/processor/index.ts';
import { type WorkRecord, workRecords } from '../../src/store/index.ts';
import { createTestContext, type TestContext, type TestContextOptions } from '../../src/testing/index.ts';
import { outputOf, rows, type UpstreamCheck } from '../../src/upstream/index.ts';

export const date = '2026-01-15';
export const options = { startDate: date, endDate: date };

interface Row {
  readonly game_date: string;
  readonly team: string;
}

/** What the made-up processors do in a test: each test says so with functions of its own. */
export interface Deeds {
  extract?: ((run: Run<DateRange>) => Promise<unknown> | unknown) | undefined;
}

export const deeds: { offense: Deeds; summary: Deeds } = { offense: {}, summary: {} };

export class Offense extends AnalyticsProcessorBase<Row[], Row> {
  static readonly processor = defineProcessor({
    name: 'OffenseProcessor',
    sport: 'nba',
    output: 'nba_analytics.offense',
    key: ['game_date', 'team'],
  });

  upstream(range: DateRange): readonly UpstreamCheck[] {
    return [rows('nba_raw.boxscore').forDates(range)];
  }

  protected async extract(run: Run<DateRange>): Promise<Row[]> {
    await deeds.offense.extract?.(run);
    return [{ game_date: run.date, team: 'MEM' }];
  }

  protected transform(raw: Row[]): Row[] {
    return raw;
  }
}

/** Waits for the output of the other. */
export class Summary extends AnalyticsProcessorBase<Row[], Row> {
  static readonly processor = defineProcessor({
    name: 'SummaryProcessor',
    sport: 'nba',
    output: 'nba_analytics.summary',
    key: ['game_date', 'team'],
  });

  upstream(range: DateRange): readonly UpstreamCheck[] {
    return [outputOf(Offense).forDates(range)];
  }

  protected async extract(run: Run<DateRange>): Promise<Row[]> {
    await deeds.summary.extract?.(run);
    return [{ game_date: run.date, team: 'MEM' }];
  }

  protected transform(raw: Row[]): Row[] {
    return raw;
  }
}

export const keys = { offense: `nba_analytics.offense/${date}`, summary: `nba_analytics.summary/${date}` };

/** A context in which made-up processors run, with deeds that are forgotten. */
export function madeUpContext(given: TestContextOptions = {}): TestContext {
  deeds.offense = {};
  deeds.summary = {};
  return createTestContext({ wall: '2026-01-16T06:00:00Z', ...given });
}

export async function workOf(context: TestContext, key: string): Promise<WorkRecord> {
  const { entry } = await context.store.collection(workRecords).get(key);
  if (!entry?.readable) throw new Error(`there is no record of ${key}`);
  return entry.value;
}
