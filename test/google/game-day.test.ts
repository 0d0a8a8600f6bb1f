import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ExampleProcessor,
  MlbBatterGameSummary,
  PlayerGameSummary,
  processors,
  TeamOffenseGameSummary,
} from '../../examples/processors/index.ts';
import { openLocal } from '../../examples/processors/testing/local.ts';
import { timeless } from '../../examples/processors/testing/rows.ts';
import { seasonDays } from '../../examples/processors/testing/season-days.ts';
import { createTables } from '../../examples/schemas/index.ts';
import type { Context } from '../../src/context/index.ts';
import type { GoogleContext } from '../../src/google/index.ts';
import { readHealth } from '../../src/heartbeat/index.ts';
import { runRecords, workRecords } from '../../src/store/index.ts';
import { createDispatcher } from '../../src/trigger/index.ts';
import { skipWithoutFirestore } from '../emulators/firestore-emulator.ts';
import { type GoogleServices, startGoogleServices } from '../emulators/google-services.ts';

const skip = skipWithoutFirestore();

describe.skipIf(skip !== undefined)(`a game day on Google's services${skip ? ` (${skip})` : ''}`, () => {
  const nba = seasonDays('nba', 3);
  const mlb = seasonDays('mlb', 13);
  const raw = { ...nba.raw, ...mlb.raw };
  const sampled: Readonly<Record<string, string>> = { nba: nba.dates.at(-1)!, mlb: mlb.dates.at(-1)! };
  const shots = 'nba_raw.bigdataball_play_by_play';
  raw[shots] = raw[shots]!.filter((row) => row.game_date === sampled.nba);

  let services: GoogleServices;
  let context: GoogleContext;
  let local: Awaited<ReturnType<typeof openLocal>>;

  beforeAll(async () => {
    [services, local] = await Promise.all([startGoogleServices(), openLocal()]);
    context = services.context({ timeouts: { store: '30s', sink: '10s' } });
  }, 120_000);
  afterAll(async () => {
    await context.close();
    await services.close();
    await local[Symbol.asyncDispose]();
  });

  async function play(on: Context): Promise<Record<string, unknown[]>> {
    await createTables(on.bigquery);
    for (const [table, rows] of Object.entries(raw)) {
      await on.bigquery.load(table, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    }
    for (const date of nba.dates.slice(0, -1))
      await run(on, date, [TeamOffenseGameSummary, PlayerGameSummary]);
    for (const [sport, date] of Object.entries(sampled))
      await run(
        on,
        date,
        processors.filter(({ processor }) => processor.sport === sport),
      );
    const outputs: Record<string, unknown[]> = {};
    for (const { processor } of processors) {
      const order = [processor.partition, ...processor.key].join(', ');
      const rows = await on.bigquery.query(`SELECT * FROM ${processor.output} ORDER BY ${order}`);
      outputs[processor.output] = timeless(rows);
    }
    return outputs;
  }

  async function run(on: Context, date: string, chosen: readonly ExampleProcessor[]): Promise<void> {
    for (const Processor of chosen) {
      const [result] = await new Processor(on).run({ startDate: date, endDate: date });
      expect(result, Processor.processor.name).toMatchObject({ status: 'succeeded' });
    }
  }

  it('has the outputs of the embedded default, row for row and value for value', async () => {
    const [onGoogle, onThisMachine] = [await play(context), await play(local)];
    for (const [output, rows] of Object.entries(onThisMachine)) {
      expect(rows.length, output).toBeGreaterThan(4);
      expect(onGoogle[output], output).toEqual(rows);
    }
  }, 300_000);

  it('has kept its runs, claims and heartbeats in Firestore', async () => {
    const runs = await context.store.collection(runRecords).list({ limit: 1_000 });
    expect(runs.entries.length).toBeGreaterThanOrEqual(processors.length);
    await using other = services.context({ timeouts: { store: '30s' } });
    const work = await other.store.collection(workRecords).list({ limit: 1_000 });
    expect(work.entries.map(({ readable }) => readable)).not.toContain(false);
    const health = await readHealth({
      sinks: context.heartbeats.sinks,
      clock: context.clock,
      timeout: 30_000,
    });
    expect(new Set(health.runs.map((run) => run.health))).toEqual(new Set(['ended']));
    expect(context.heartbeats.statistics()).toMatchObject({ lost: 0, degraded: false });
  }, 60_000);

  it('parks a run whose data is not there, and starts it when a publisher says that it is', async () => {
    const { name } = MlbBatterGameSummary.processor;
    const heard: string[] = [];
    // Another process: this one remembers that the data is there.
    await using other = services.context({ timeouts: { store: '30s', sink: '10s' } });
    const dispatcher = createDispatcher({
      processors: [MlbBatterGameSummary],
      context: other,
      on: ({ status }) => heard.push(status),
    });
    const date = mlb.dates.at(-2)!;
    const column = { column: 'game_date', value: date };
    const box = 'mlb_raw.mlbapi_batter_stats';
    const fallback = 'mlb_raw.bdl_batter_stats';
    for (const table of [box, fallback]) await context.bigquery.replacePartition(table, column, []);
    await dispatcher.dispatch(name, { startDate: date, endDate: date }, { trigger: 'test' });
    expect(heard).toEqual(['skipped']);
    const rows = raw[box]!.filter((row) => row.game_date === date);
    await context.bigquery.replacePartition(box, column, rows);
    await dispatcher.tableUpdated(box, [date]);
    expect(heard.at(-1)).toBe('succeeded');
  }, 180_000);
});
