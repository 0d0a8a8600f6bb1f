import type { RunResult } from 'breakwater';
import { createUpstreamReader } from 'breakwater/upstream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  AsyncUpcomingPlayerGameContext,
  type ExampleProcessor,
  PlayerGameSummary,
  RosterHistory,
  TeamOffenseGameSummary,
  UpcomingPlayerGameContext,
} from '../processors/index.ts';
import { openLocal } from '../processors/testing/local.ts';
import { generateSeason } from '../season/index.ts';
import { type BackfillEvent, backfill } from './backfill.ts';
import { loadSeason } from './load-season.ts';

const processors: readonly ExampleProcessor[] = [
  UpcomingPlayerGameContext,
  AsyncUpcomingPlayerGameContext,
  PlayerGameSummary,
  TeamOffenseGameSummary,
  RosterHistory,
];
const season = generateSeason({ seed: 7, sport: 'nba' });
const days = season.dates.slice(0, 2);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

describe('a season’s backfill', { timeout: 60_000 }, () => {
  let context: Mutable<Awaited<ReturnType<typeof openLocal>>>;
  beforeEach(async () => {
    context = await openLocal();
    // Without the play-by-play, which none of these reads.
    const tables = season.tables.filter((table) => !table.endsWith('play_by_play'));
    await loadSeason(context, { ...season, tables }, days);
  }, 60_000);
  afterEach(() => context[Symbol.asyncDispose]());

  const run = (
    options: { readonly signal?: AbortSignal; readonly on?: (event: BackfillEvent) => void } = {},
  ) => backfill({ context, processors, days: { nba: days }, concurrency: 2, ...options });
  const outcomes = (results: readonly RunResult[]) =>
    [...new Set(results.map(({ status, reason }) => `${status} ${reason}`))].sort();

  it('runs level by level, with so many at work as were allowed, and then has nothing left to do', async () => {
    const events: BackfillEvent[] = [];
    const results = await run({ on: (event) => events.push(event) });
    expect(outcomes(results)).toEqual(['succeeded done']);
    expect(events.flatMap((event) => (event.kind === 'level' ? [event.processors] : []))).toEqual([
      ['TeamOffenseGameSummary', 'RosterHistory'],
      ['PlayerGameSummary'],
      // The twins share the days, and the output.
      ['UpcomingPlayerGameContext', 'AsyncUpcomingPlayerGameContext'],
    ]);
    const last = events.at(-1);
    expect(last).toMatchObject({ kind: 'run', done: 8, total: 8 });
    expect(outcomes(await run())).toEqual(['skipped already_done']);
  });

  it('goes on where it was stopped', async () => {
    const stop = new AbortController();
    const first = await run({
      signal: stop.signal,
      on: (event) => {
        if (event.kind === 'run' && event.done === 3) stop.abort(new Error('stopped'));
      },
    });
    expect(first.length).toBeLessThan(8);
    // As another process would: a reader that was stopped in the middle of a look would wait a minute for the next.
    context.upstream = createUpstreamReader(context);
    const second = await run();
    expect(second).toHaveLength(8);
    expect(outcomes(second)).toEqual(['skipped already_done', 'succeeded done']);
    const done = [...first, ...second].filter(({ status }) => status === 'succeeded');
    expect(new Set(done.map(({ key }) => key)).size).toBe(8);
    expect(done).toHaveLength(8);
  });

  it('loads a table once', async () => {
    const again: (number | undefined)[] = [];
    await loadSeason(context, { ...season, tables: ['nba_raw.nbac_schedule'] }, days, {
      on: ({ rows }) => again.push(rows),
    });
    expect(again).toEqual([undefined]);
  });
});
