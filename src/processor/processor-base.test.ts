import { describe, expect, it } from 'vitest';
import { expectNothingLeft, recordOf } from '../../test/runs/look.ts';
import { day, output, range, Summary, type SummarySteps } from '../../test/runs/summary.ts';
import { InvalidDataError, ServiceError } from '../errors/index.ts';
import { sleep } from '../time/index.ts';
import { createTestContext } from '../testing/index.ts';

const run = async (steps: SummarySteps, context = createTestContext()) => {
  const [result] = await context.clock.runUntil(new Summary(context, steps).run(range));
  expectNothingLeft(context);
  return result;
};
const broken = () => Promise.reject(new Error('broken'));

describe('ProcessorBase', () => {
  it('extracts, validates, transforms and loads, and counts the rows', async () => {
    const context = createTestContext();
    const result = await run(
      {
        extract: async ({ date }) => [
          { game_date: date, points: 112 },
          { game_date: date, points: 98 },
        ],
        transform: (raw) => raw.filter(({ points }) => points > 100),
      },
      context,
    );
    expect(result).toMatchObject({ status: 'succeeded', stats: { rowsExtracted: 2, rowsWritten: 1 } });
    expect(context.bigquery.rowsOf(output)).toEqual([{ game_date: day, points: 112 }]);
  });

  it('by default replaces the output’s partition of its date, under the fence of its run', async () => {
    const context = createTestContext({
      tables: {
        [output]: [
          { game_date: day, points: 1 },
          { game_date: '2026-01-14', points: 2 },
        ],
      },
    });
    const result = await run({}, context);
    expect(context.bigquery.rowsOf(output)).toEqual([
      { game_date: '2026-01-14', points: 2 },
      { game_date: day, points: 112 },
    ]);
    const { fence } = await recordOf(context, result);
    expect(context.bigquery.calls).toMatchObject([
      {
        method: 'replacePartition',
        table: output,
        options: { fence: { key: result.key, token: fence }, timeout: 120_000 },
      },
    ]);
  });

  it('leaves the same output when it runs twice', async () => {
    const context = createTestContext();
    const summary = new Summary(context);
    await summary.run(range);
    const once = context.bigquery.rowsOf(output);
    await summary.run(range, { force: true });
    expect(context.bigquery.rowsOf(output)).toEqual(once);
  });

  it('writes that there is nothing, where there is nothing', async () => {
    const context = createTestContext({ tables: { [output]: [{ game_date: day, points: 1 }] } });
    const result = await run({ transform: () => [] }, context);
    expect(result).toMatchObject({ status: 'succeeded', stats: { rowsWritten: 0 } });
    expect(context.bigquery.rowsOf(output)).toEqual([]);
  });

  it.each<[string, SummarySteps, string[]]>([
    ['extract_failed', { extract: broken }, ['extract']],
    ['validation_failed', { validate: broken }, ['extract', 'validate']],
    ['transform_failed', { transform: broken }, ['extract', 'validate', 'transform']],
    ['load_failed', { load: broken }, ['extract', 'validate', 'transform', 'load']],
  ])('fails as %s by the step that threw, and begins no later one', async (reason, steps, begun) => {
    const result = await run(steps);
    expect(result).toMatchObject({ status: 'failed', reason, errorKind: 'unknown' });
    expect(result.steps.map(({ name }) => name)).toEqual(['upstream', ...begun]);
    expect(result.steps.map(({ outcome }) => outcome)).toEqual([...begun.map(() => 'done'), 'failed']);
  });

  it('fails by a step that throws at once just the same', async () => {
    const result = await run({
      transform: () => {
        throw new TypeError('undefined is not a game');
      },
    });
    expect(result).toMatchObject({ status: 'failed', reason: 'transform_failed', errorKind: 'permanent' });
  });

  it('says what kind of failure it was, and how long the service asked it to wait', async () => {
    const error = new ServiceError('slow down', { service: 'odds', kind: 'throttled', retryAfter: 7_000 });
    expect(await run({ extract: () => Promise.reject(error) })).toMatchObject({
      reason: 'extract_failed',
      errorKind: 'throttled',
      retryAfter: 7_000,
      error,
    });
    const refused = await run({
      validate: () => {
        throw new InvalidDataError('7 of 8 teams');
      },
    });
    expect(refused).toMatchObject({ reason: 'validation_failed', errorKind: 'permanent' });
  });

  it('waits for validation and transformation that take their time', async () => {
    const context = createTestContext();
    const result = await run(
      {
        validate: (_raw, { clock }) => sleep(clock, 1_000),
        transform: async (raw, { clock }) => {
          await sleep(clock, 2_000);
          return raw;
        },
      },
      context,
    );
    expect(result.steps).toMatchObject([
      { name: 'upstream', durationMs: 0 },
      { name: 'extract', durationMs: 0 },
      { name: 'validate', durationMs: 1_000 },
      { name: 'transform', durationMs: 2_000 },
      { name: 'load', durationMs: 0 },
    ]);
  });

  it('keeps what there was when the load fails', async () => {
    const context = createTestContext({ tables: { [output]: [{ game_date: day, points: 1 }] } });
    context.bigquery.fail();
    expect(await run({}, context)).toMatchObject({ reason: 'load_failed', errorKind: 'transient' });
    expect(context.bigquery.rowsOf(output)).toEqual([{ game_date: day, points: 1 }]);
  });
});
