import { describe, expect, it } from 'vitest';
import { never } from '../../test/runs/look.ts';
import { key, range, Summary } from '../../test/runs/summary.ts';
import { workRecords } from '../store/index.ts';
import { createTestContext } from '../testing/index.ts';

const processors = { SUMMARY: { timeout: '2m', circuit: { failures: 2, openFor: '1h' } } };

describe('what the context’s settings say of one processor', () => {
  it('is its time-out, and its claim lasts for that, the grace and the record', async () => {
    const context = createTestContext({ config: { processors } });
    let lasts: number | undefined;
    const summary = new Summary(context, {
      async extract() {
        const { entry, time } = await context.store.collection(workRecords).get(key);
        if (entry?.readable) lasts = (entry.value.lease?.until ?? 0) - time;
        return never();
      },
    });
    const [result] = await context.clock.runUntil(summary.run(range));
    expect(result).toMatchObject({ status: 'timed_out', durationMs: 150_000 });
    expect(lasts).toBe(120_000 + 30_000 + 60_000);
  });

  it('is when its circuit opens, and for how long', async () => {
    const context = createTestContext({ config: { processors } });
    const summary = new Summary(context, {
      extract: async () => {
        throw new Error('no');
      },
    });
    for (let run = 0; run < 2; run++)
      expect(await context.clock.runUntil(summary.run(range))).toMatchObject([{ status: 'failed' }]);
    const [refused] = await context.clock.runUntil(summary.run(range));
    expect(refused).toMatchObject({ status: 'skipped', reason: 'circuit_open', retryAfter: 3_600_000 });
  });
});
