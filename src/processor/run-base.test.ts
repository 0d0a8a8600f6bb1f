import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { recordOf } from '../../test/runs/look.ts';
import { Chore, range, Summary } from '../../test/runs/summary.ts';
import { ConfigurationError } from '../errors/index.ts';
import { createTestContext } from '../testing/index.ts';
import { defineProcessor } from './definition.ts';
import { succeeded } from './outcomes.ts';
import type { Run } from './run.ts';
import { RunBase } from './run-base.ts';

describe('RunBase', () => {
  it('runs work of any kind, claimed and recorded, without a mixin', async () => {
    const context = createTestContext();
    const [result] = await new Chore(context, async (run) => succeeded(run, { rowsWritten: 3 })).run({
      day: '2026-01-15',
    });
    expect(result).toMatchObject({
      status: 'succeeded',
      reason: 'done',
      processor: 'Chore',
      key: 'nba_ops.chore/2026-01-15',
      date: '2026-01-15',
      startedAt: '2026-01-16T09:00:00.000Z',
      attempt: 1,
      again: false,
      stats: { rowsExtracted: 0, rowsWritten: 3 },
      recorded: true,
    });
    expect(await recordOf(context, result)).toMatchObject({ status: 'succeeded', rows: 3 });
  });

  describe('options', () => {
    it.each([
      ['Chore.options.day', 'an invalid date', { day: '2026-02-30' }],
      ['Chore.options.day', 'a missing field', {}],
      ['Chore.options', 'an unknown field', { day: '2026-01-15', dya: '2026-01-15' }],
      ['Chore.options', 'nothing', undefined],
      ['Chore.options', 'no object', null],
    ])('names %s for %s, before anything is claimed', async (field, _, options) => {
      const context = createTestContext();
      const run = new Chore(context).run(options as never);
      await expect(run).rejects.toThrow(ConfigurationError);
      await expect(run).rejects.toMatchObject({ field });
      expect(context.store.calls).toEqual([]);
    });

    it('names the end of a range that is before its start', async () => {
      const context = createTestContext();
      const run = new Summary(context).run({ startDate: '2026-01-15', endDate: '2026-01-14' });
      await expect(run).rejects.toMatchObject({ field: 'Summary.options.endDate', given: '2026-01-14' });
      expect(context.store.calls).toEqual([]);
    });

    it('reach the work as the schema made them', async () => {
      class Defaulted extends RunBase<{ readonly day: string; readonly season: number }> {
        static readonly processor = Chore.processor;
        seen: unknown;
        upstream() {
          return [];
        }
        protected optionsSchema() {
          return z.strictObject({ day: z.iso.date(), season: z.number().default(2025) });
        }
        protected dateOf(options: { readonly day: string }) {
          return options.day;
        }
        protected async work(run: Run<{ readonly day: string; readonly season: number }>) {
          this.seen = run.options;
          return succeeded(run);
        }
      }
      const chore = new Defaulted(createTestContext());
      await chore.run({ day: '2026-01-15' } as never);
      expect(chore.seen).toEqual({ day: '2026-01-15', season: 2025 });
    });
  });

  describe('the class', () => {
    it('must declare what it is', () => {
      class Undeclared extends RunBase<object> {
        upstream() {
          return [];
        }
        protected optionsSchema() {
          return z.object({});
        }
        protected dateOf() {
          return '2026-01-15';
        }
        protected async work(run: Run<object>) {
          return succeeded(run);
        }
      }
      expect(() => new Undeclared(createTestContext())).toThrow(ConfigurationError);
      expect(() => new Undeclared(createTestContext())).toThrow(
        'Undeclared.processor must be a static property made by defineProcessor, received undefined',
      );
    });

    it('can not have a method named run: it does not compile, and throws when it is made', () => {
      class Overriding extends Chore {
        // @ts-expect-error The chain around the work can't be left out.
        async run() {
          return [];
        }
      }
      expect(() => new Overriding(createTestContext())).toThrow(ConfigurationError);
      expect(() => new Overriding(createTestContext())).toThrow('Overriding.run must be left as it is');
    });

    it('can not have an accessor named run', () => {
      class Overriding extends Chore {
        // @ts-expect-error The chain around the work can't be left out.
        get run() {
          return async () => [];
        }
      }
      expect(() => new Overriding(createTestContext())).toThrow(ConfigurationError);
    });

    it('can not have a field named run', () => {
      class Overriding extends Chore {
        // @ts-expect-error The chain around the work can't be left out.
        override readonly run = async () => [];
      }
      expect(() => new Overriding(createTestContext())).toThrow(TypeError);
    });

    it('can not have its run replaced from outside', () => {
      const chore = new Chore(createTestContext());
      expect(() => {
        (chore as { run: unknown }).run = async () => [];
      }).toThrow(TypeError);
    });

    it('may inherit its declaration, or make its own', () => {
      class Inheriting extends Chore {}
      class Declaring extends Chore {
        static override readonly processor = defineProcessor({
          name: 'Declaring',
          sport: 'mlb',
          output: 'mlb_ops.chore',
        });
      }
      expect(new Inheriting(createTestContext()).definition.name).toBe('Chore');
      expect(new Declaring(createTestContext()).definition.name).toBe('Declaring');
    });
  });

  it('lets run be handed on as a function', async () => {
    const { run } = new Summary(createTestContext());
    expect(await run(range)).toMatchObject([{ status: 'succeeded' }]);
  });

  it('wants the run that it was given from who makes its result', () => {
    expect(() => succeeded({} as Run<unknown>)).toThrow('run must be the run that guard was given');
  });
});
