import type { FakeStore } from '../../src/testing/index.ts';
import { sleep } from '../../src/time/index.ts';
import { createDispatcher } from '../../src/trigger/index.ts';
import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  type Run,
} from '../../src/processor/index.ts';
import { createTestContext } from '../../src/testing/index.ts';
import { rows } from '../../src/upstream/index.ts';
import { minute } from './assumptions.ts';

/** What the store is asked for, which is what it costs. Beats go to their sinks, not to the store. */
export interface StoreOperations {
  readonly readsForARunOfTenMinutes: number;
  readonly writesForARunOfTenMinutes: number;
  readonly readsInAnIdleHour: number;
  readonly writesInAnIdleHour: number;
}

class TenMinutes extends AnalyticsProcessorBase<object[], object> {
  static readonly processor = defineProcessor({
    name: 'TenMinutes',
    sport: 'nba',
    output: 'nba_analytics.ten_minutes',
    timeout: '15m',
  });

  upstream(range: DateRange) {
    return [rows('nba_raw.boxscore').forDates(range)];
  }

  protected async extract(run: Run<DateRange>) {
    for (let done = 1; done <= 10; done++) {
      await sleep(run.clock, minute, run.signal);
      run.progress(done, 10);
    }
    return [{ game_date: run.date }];
  }

  protected transform(raw: object[]) {
    return raw;
  }
}

export async function storeOperations(): Promise<StoreOperations> {
  const context = createTestContext();
  const { clock, store } = context;
  const dispatcher = createDispatcher({ processors: [TenMinutes], context });
  const options = { startDate: '2026-01-15', endDate: '2026-01-15' };
  await clock.runUntil(dispatcher.dispatch('TenMinutes', options, { trigger: 'push' }));
  const run = counted(store);
  store.calls.length = 0;
  for (let tick = 0; tick < 60; tick++) {
    await clock.advance(minute);
    await clock.runUntil(dispatcher.sweep());
  }
  const idle = counted(store);
  return {
    readsForARunOfTenMinutes: run.reads,
    writesForARunOfTenMinutes: run.writes,
    readsInAnIdleHour: idle.reads,
    writesInAnIdleHour: idle.writes,
  };
}

function counted({ calls }: FakeStore): { readonly reads: number; readonly writes: number } {
  const reads = calls.filter(({ operation }) => operation === 'get' || operation === 'list').length;
  return { reads, writes: calls.length - reads };
}
