import { readFileSync } from 'node:fs';
import { type RunResult, runRecords } from 'breakwater';
import { createTestContext } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { type AnyProcessor, everyProcessor, optionsOn, parityTable, patterns, patternsOf } from './parity.ts';

const date = '2026-01-15';

describe('parity of the processors', () => {
  it('is complete: no processor lacks a pattern', () => {
    const context = createTestContext();
    const lacking = everyProcessor.flatMap((Processor) => {
      const cells = patternsOf(Processor, context);
      return patterns
        .filter((pattern) => cells[pattern] === undefined)
        .map((one) => `${Processor.name}: ${one}`);
    });
    expect(lacking).toEqual([]);
    expect(everyProcessor).toHaveLength(12);
  });

  it('is as the guide shows it', () => {
    const guide = readFileSync(new URL('./README.md', import.meta.url), 'utf8');
    expect(guide).toContain(parityTable(createTestContext()));
  });
});

// Each cell of the table has a fault that the processor survives.
describe.each(everyProcessor.map((Processor) => [Processor.name, Processor] as const))(
  '%s',
  (_, Processor) => {
    /** The processor with other work inside; what stands around it is its own. */
    function made(
      work: { extract?: () => Promise<unknown>; transform?: () => unknown; validate?: () => void } = {},
    ) {
      const context = createTestContext();
      const processor = Object.assign(new Processor(context), work);
      const run = async (): Promise<RunResult> =>
        (await processor.run(optionsOf(Processor), { force: true }))[0];
      return { context, run, settled: () => context.clock.runUntil(run()) };
    }
    const one = {
      extract: async () => [],
      validate: () => {},
      transform: () => [
        Object.fromEntries(Processor.processor.key.map((column) => [column, keyValue(Processor, column)])),
      ],
    };

    it('opens its circuit after five failures, and asks nothing of a warehouse that is away', async () => {
      const { context, settled } = made();
      context.bigquery.fail();
      for (let failure = 0; failure < 5; failure++)
        expect(await settled()).toMatchObject({ status: 'failed', reason: 'extract_failed' });
      const before = context.bigquery.calls.length;
      expect(await settled()).toMatchObject({ status: 'skipped', reason: 'circuit_open' });
      expect(context.bigquery.calls).toHaveLength(before);
    });

    it('reads nothing while upstream is not ready', async () => {
      const { context, settled } = made();
      context.upstream.notReady(['nothing is there']);
      expect(await settled()).toMatchObject({ status: 'skipped', reason: 'upstream_not_ready' });
      expect(context.bigquery.calls).toEqual([]);
    });

    it('ends in its time when its work never does', async () => {
      const { context, settled } = made({ extract: () => new Promise(() => {}) });
      expect(await settled()).toMatchObject({
        status: 'timed_out',
        reason: 'deadline',
        workLeftRunning: true,
      });
      expect(context.clock.now()).toBeLessThanOrEqual(11 * 60_000);
      expect(context.clock.pendingTimers).toBe(0);
    });

    it('beats into the second sink when the first is away', async () => {
      const { context, settled } = made(one);
      context.sinks.first.fail();
      expect(await settled()).toMatchObject({ status: 'succeeded' });
      expect(context.sinks.second.written.at(-1)).toMatchObject({ status: 'succeeded' });
    });

    it('has one run at a time', async () => {
      let finish = () => {};
      const { run } = made({ ...one, extract: () => new Promise((resolve) => (finish = () => resolve([]))) });
      const first = run();
      for (let turn = 0; turn < 200; turn++) await Promise.resolve();
      expect(await run()).toMatchObject({ status: 'skipped', reason: 'already_running' });
      finish();
      expect(await first).toMatchObject({ status: 'succeeded', again: true });
    });

    it('leaves the same rows when it is run again, and lets nobody older write over them', async () => {
      const { context, settled } = made(one);
      await settled();
      await settled();
      const { output, partition } = Processor.processor;
      const rows = context.bigquery.rowsOf(output);
      expect(rows).toHaveLength(1);
      const late = { key: `${output}/${date}`, token: 1 };
      await expect(
        context.bigquery.replacePartition(output, { column: partition, value: date }, [], { fence: late }),
      ).rejects.toThrow();
      expect(context.bigquery.rowsOf(output)).toEqual(rows);
    });

    it('is recorded once, with how it ended, when its work throws', async () => {
      const failure = new Error('a bad day');
      const { context, settled } = made({ extract: () => Promise.reject(failure) });
      await settled();
      const { entries } = await context.store.collection(runRecords).list({ limit: 10 });
      expect(entries.map((entry) => entry.readable && entry.value)).toMatchObject([
        { status: 'failed', reason: 'extract_failed', error: { message: 'a bad day' }, date },
      ]);
    });
  },
);

function optionsOf(Processor: AnyProcessor) {
  const { analysisDate, ...range } = optionsOn(date);
  return Processor.processor.output.startsWith('nba_predictions.') ? { analysisDate } : range;
}

function keyValue({ processor }: AnyProcessor, column: string): string | number {
  if (column === processor.partition) return date;
  return column === 'game_pk' ? 7 : 'x';
}
