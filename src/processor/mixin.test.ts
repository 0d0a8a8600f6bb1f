import { describe, expect, it } from 'vitest';
import { never, recordOf } from '../../test/runs/look.ts';
import { Chore, day, Summary } from '../../test/runs/summary.ts';
import { ConfigurationError } from '../errors/index.ts';
import { createTestContext } from '../testing/index.ts';
import { AnalyticsProcessorBase } from './analytics-processor-base.ts';
import { mixin, mixinsOf } from './mixin.ts';
import { skipped, succeeded } from './outcomes.ts';
import { PrecomputeProcessorBase } from './precompute-processor-base.ts';
import type { Run } from './run.ts';
import { withCircuitBreaker } from './with-circuit-breaker.ts';
import { withHeartbeat } from './with-heartbeat.ts';
import { withTimeout } from './with-timeout.ts';
import { withUpstreamCheck } from './with-upstream-check.ts';

const noteEntry = (name: string, notes: string[]) =>
  mixin(name, (Base) => {
    abstract class Noting extends Base {
      protected override async guard(run: Run<unknown>) {
        notes.push(`${name} in`);
        const result = await super.guard(run);
        notes.push(`${name} out`);
        return result;
      }
    }
    return Noting;
  });

describe('mixin', () => {
  it('stands around the work, the one applied last outermost', async () => {
    const notes: string[] = [];
    class Noted extends noteEntry('outer', notes)(noteEntry('inner', notes)(Chore)) {}
    const chore = new Noted(createTestContext(), async (run) => {
      notes.push('work');
      return succeeded(run);
    });
    expect(await chore.run({ day })).toMatchObject([{ status: 'succeeded' }]);
    expect(notes).toEqual(['outer in', 'inner in', 'work', 'inner out', 'outer out']);
    expect(mixinsOf(Noted)).toEqual(['inner', 'outer']);
    expect(mixinsOf(Chore)).toEqual([]);
  });

  it.each([
    ['withHeartbeat', withHeartbeat],
    ['withCircuitBreaker', withCircuitBreaker],
    ['withTimeout', withTimeout],
    ['withUpstreamCheck', withUpstreamCheck],
  ])('%s may be applied once', (name, apply) => {
    const Once = apply(Chore);
    expect(mixinsOf(Once)).toEqual([name]);
    expect(() => apply(Once)).toThrow(ConfigurationError);
    expect(() => apply(noteEntry('other', [])(Once))).toThrow(
      `${name}(Base) must be a class without ${name}, received "${name} < other"`,
    );
    // A processor base has them all, and so has what extends it.
    expect(() => apply(Summary)).toThrow(ConfigurationError);
  });

  it('makes the chain of both processor bases, the heartbeat outermost', () => {
    const chain = ['withUpstreamCheck', 'withTimeout', 'withCircuitBreaker', 'withHeartbeat'];
    expect(mixinsOf(AnalyticsProcessorBase)).toEqual(chain);
    expect(mixinsOf(PrecomputeProcessorBase)).toEqual(chain);
  });

  it('may end a run without its work', async () => {
    const context = createTestContext();
    const withSwitch = mixin('withSwitch', (Base) => {
      abstract class WithSwitch extends Base {
        protected override async guard(run: Run<unknown>) {
          return skipped(run, 'disabled');
        }
      }
      return WithSwitch;
    });
    class Switched extends withSwitch(Chore) {}
    const [result] = await new Switched(context).run({ day });
    expect(result).toMatchObject({ status: 'skipped', reason: 'disabled', missing: [] });
    expect(await recordOf(context, result)).toMatchObject({ status: 'skipped', reason: 'disabled' });
  });

  it('that hangs can not keep a run from settling when its claim ends', async () => {
    const context = createTestContext();
    const withHang = mixin('withHang', (Base) => {
      abstract class WithHang extends Base {
        protected override guard() {
          return never();
        }
      }
      return WithHang;
    });
    class Hanging extends withHang(Chore) {}
    const [result] = await context.clock.runUntil(new Hanging(context).run({ day }));
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'lost_lease',
      durationMs: 690_000,
      recorded: true,
    });
    expect(context.clock.pendingTimers).toBe(0);
  });

  it('keeps the types of the class that it is applied to', async () => {
    class Guarded extends withHeartbeat(withTimeout(Chore)) {}
    const chore = new Guarded(createTestContext());
    // @ts-expect-error The options are still the chore's.
    await expect(chore.run({ date: day })).rejects.toThrow(ConfigurationError);
  });
});
