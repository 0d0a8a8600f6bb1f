import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimitError } from '../../src/errors/index.ts';
import { rateLimiter } from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { sequences } from '../setup/sequences.ts';

describe('a rate limiter', () => {
  it('never lets more through in any stretch of time than a burst and its rate', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(0, 500, Infinity),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 40, size: 'max' }),
        async (limit, burst, wait, gaps) => {
          const clock = new VirtualClock();
          const policy = rateLimiter({ limit, per: '1s', burst, wait, clock });
          const times: number[] = [];
          const all = [];
          for (const gap of gaps) {
            await clock.advance(gap);
            all.push(policy.executeOutcome(() => times.push(clock.now())));
          }
          await clock.runAll();
          const outcomes = await Promise.all(all);
          expect(outcomes.filter(({ ok }) => ok)).toHaveLength(times.length);
          if (wait === Infinity) expect(times).toHaveLength(gaps.length);
          times.forEach((from, first) => {
            times.slice(first).forEach((to, count) => {
              expect(count + 1).toBeLessThanOrEqual(burst + ((to - from) * limit) / 1_000 + 1e-6);
            });
          });
        },
      ),
      sequences(3_000),
    );
  }, 300_000);

  it('lets each through as early as that allows, in order, and turns away exactly who would wait too long', async () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant({ kind: 'come' as const }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat() }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), time: fc.nat(90) }) },
      ),
      { maxLength: 60, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(8, 10, 25),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(0, 20, 100, Infinity),
        steps,
        async (interval, limit, burst, wait, all) => {
          const clock = new VirtualClock();
          const policy = rateLimiter({ limit, per: interval * limit, burst, wait, clock });
          const started: { readonly name: number; readonly at: number }[] = [];
          const should: { readonly name: number; readonly at: number }[] = [];
          const callers: AbortController[] = [];
          let waiting: number[] = [];
          // The earliest time at which no stretch of time up to it has more in it than it may.
          const earliest = (through: readonly number[], now: number) =>
            through.reduce((time, at, index) => {
              const many = through.length - index + 1;
              return Math.max(time, at + (many - burst) * interval);
            }, now);
          const serve = (now: number) => {
            for (;;) {
              const [name] = waiting;
              const at = earliest(
                should.map((one) => one.at),
                lastSeen,
              );
              if (name === undefined || at > now) break;
              should.push({ name, at });
              waiting.shift();
            }
            lastSeen = now;
          };
          let lastSeen = 0;
          const come = async () => {
            const name = callers.length;
            const caller = new AbortController();
            callers.push(caller);
            const now = clock.now();
            const through = should.map((one) => one.at);
            for (const _ of waiting) through.push(earliest(through, now));
            const delay = earliest(through, now) - now;
            const result = policy.executeOutcome(() => started.push({ name, at: clock.now() }), {
              signal: caller.signal,
            });
            if (delay <= wait) {
              waiting.push(name);
              serve(now);
              return;
            }
            const outcome = await result;
            expect(outcome).toMatchObject({ ok: false, kind: 'rejected' });
            expect(!outcome.ok && outcome.error).toBeInstanceOf(RateLimitError);
            expect(!outcome.ok && (outcome.error as RateLimitError).retryAfter).toBe(delay);
          };
          for (const step of all) {
            if (step.kind === 'come') await come();
            else if (step.kind === 'abort') {
              const name = waiting[step.which % waiting.length];
              if (name === undefined) continue;
              waiting = waiting.filter((other) => other !== name);
              callers[name]?.abort('enough');
            } else {
              await clock.advance(step.time);
              serve(clock.now());
            }
            await new Promise((resolve) => setImmediate(resolve));
            expect(started).toEqual(should);
            expect(clock.pendingTimers).toBe(waiting.length > 0 ? 1 : 0);
          }
        },
      ),
      sequences(5_000),
    );
  }, 300_000);
});
