import {
  type BigQueryClient,
  type CircuitRecord,
  type Context,
  circuitRecords,
  type HeartbeatStatistics,
  type RunRecord,
  runRecords,
  type Store,
  type WorkRecord,
  workRecords,
} from 'breakwater';
import type { Asked } from './asked.ts';
import { type Highlights, highlights } from './highlights.ts';
import type { NightSlate } from './slate-of-the-night.ts';

/** What came of a night, as the store and the warehouse have it. */
export interface NightReport {
  readonly seed: number;
  readonly date: string;
  readonly from: number;
  readonly to: number;
  readonly games: { readonly nba: number; readonly mlb: number };
  /** Every run, in the order in which they began. */
  readonly runs: readonly RunRecord[];
  /** What each output's date has come to. */
  readonly work: readonly WorkRecord[];
  readonly circuits: readonly (Pick<CircuitRecord, 'state' | 'failures' | 'epoch'> & {
    readonly key: string;
  })[];
  readonly heartbeats: HeartbeatStatistics;
  readonly asked: Asked;
  readonly highlights: Highlights;
}

export async function nightReport(parts: {
  readonly slate: NightSlate;
  readonly warehouse: BigQueryClient;
  readonly context: Context;
  readonly asked: Asked;
}): Promise<NightReport> {
  const { slate, warehouse, context, asked } = parts;
  const runs = await all(context.store, runRecords);
  const circuits = await all(context.store, circuitRecords);
  return {
    seed: slate.seed,
    date: slate.date,
    from: slate.startsAt,
    to: context.clock.wallNow(),
    games: { nba: slate.nba.games(slate.date).length, mlb: slate.mlb.games(slate.date).length },
    runs: runs.map(({ value }) => value).sort(byStart),
    work: (await all(context.store, workRecords)).map(({ value }) => value),
    circuits: circuits.map(({ key, value: { state, failures, epoch } }) => ({ key, state, failures, epoch })),
    heartbeats: context.heartbeats.statistics(),
    asked: { ...asked },
    highlights: await highlights(warehouse, slate.date),
  };
}

async function all<T>(
  store: Store,
  definition: Parameters<typeof store.collection<T>>[0],
): Promise<readonly { readonly key: string; readonly value: T }[]> {
  const { entries } = await store.collection(definition).list({ limit: 1_000 });
  return entries.flatMap((entry) => (entry.readable ? [{ key: entry.key, value: entry.value }] : []));
}

function byStart(a: RunRecord, b: RunRecord): number {
  return Date.parse(a.startedAt) - Date.parse(b.startedAt) || (a.runId < b.runId ? -1 : 1);
}
