import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bulkhead, compose, timeout } from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { sequences } from '../setup/sequences.ts';
import { transient } from './operations.ts';

/** One who came: what the model knows of him. */
interface Caller {
  readonly name: number;
  readonly came: number;
  readonly abort: AbortController;
  readonly gate: PromiseWithResolvers<void>;
  /** What his call must have come to; undefined while it is under way. */
  kind: 'ok' | 'transient' | 'cancelled' | 'timeout' | 'rejected' | undefined;
  got: string | undefined;
}

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'come' as const }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('end' as const, 'fail' as const, 'abort' as const),
        which: fc.nat(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), time: fc.integer({ min: 1, max: 40 }) }),
    },
  ),
  { maxLength: 60, size: 'max' },
);

describe('a bulkhead against a list of who came', () => {
  it('serves them in their order, keeps its bounds, and frees a place when the work has ended, whatever they do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(0, 1, 3, Infinity),
        fc.constantFrom(Infinity, 10, 50),
        // Half a millisecond apart from the time in the queue.
        fc.constantFrom(Infinity, 20.5, 70.5),
        steps,
        async (limit, queue, queueTimeout, after, all) => {
          const clock = new VirtualClock();
          const limited = bulkhead({ limit, queue, queueTimeout, clock });
          const policy = after === Infinity ? limited : compose(timeout({ after, clock }), limited);
          const started: number[] = [];
          const shouldStart: number[] = [];
          const callers: Caller[] = [];
          let atWork: Caller[] = [];
          let waiting: Caller[] = [];

          const come = () => {
            const one: Caller = {
              name: callers.length,
              came: clock.now(),
              abort: new AbortController(),
              gate: Promise.withResolvers(),
              kind: undefined,
              got: undefined,
            };
            callers.push(one);
            const work = () => {
              started.push(one.name);
              return one.gate.promise;
            };
            policy.executeOutcome(work, { signal: one.abort.signal }).then((outcome) => {
              one.got = outcome.ok ? 'ok' : outcome.kind;
            });
            if (atWork.length < limit) begin(one);
            else if (waiting.length < queue) waiting.push(one);
            else one.kind = 'rejected';
          };
          const begin = (one: Caller) => {
            atWork.push(one);
            shouldStart.push(one.name);
          };
          const end = (one: Caller, how: 'end' | 'fail') => {
            if (how === 'end') one.gate.resolve();
            else one.gate.reject(transient());
            one.kind ??= how === 'end' ? 'ok' : 'transient';
            atWork = atWork.filter((other) => other !== one);
            const next = waiting.shift();
            if (next !== undefined) begin(next);
          };
          const abort = (one: Caller) => {
            one.abort.abort('enough');
            one.kind ??= 'cancelled';
            // Work that goes on keeps its place.
            waiting = waiting.filter((other) => other !== one);
          };
          const pass = async (time: number) => {
            await clock.advance(time);
            for (const one of [...waiting, ...atWork]) {
              const inQueue = waiting.includes(one) ? one.came + queueTimeout : Infinity;
              const whole = one.came + after;
              if (Math.min(inQueue, whole) > clock.now()) continue;
              one.kind ??= inQueue < whole ? 'rejected' : 'timeout';
              waiting = waiting.filter((other) => other !== one);
            }
          };

          for (const step of all) {
            if (step.kind === 'come') come();
            else if (step.kind === 'pass') await pass(step.time);
            else {
              const from = step.kind === 'abort' ? [...waiting, ...atWork] : atWork;
              const one = from[step.which % from.length];
              if (one === undefined) continue;
              if (step.kind === 'abort') abort(one);
              else end(one, step.kind);
            }
            await new Promise((resolve) => setImmediate(resolve));
            expect(limited.atWork).toBe(atWork.length);
            expect(limited.waiting).toBe(waiting.length);
            expect(started).toEqual(shouldStart);
            expect(callers.map(({ got }) => got)).toEqual(callers.map(({ kind }) => kind));
            const settled = callers.filter(({ kind }) => kind !== undefined);
            for (const { abort } of settled) expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
            if (settled.length === callers.length) expect(clock.pendingTimers).toBe(0);
          }
        },
      ),
      sequences(3_000),
    );
  }, 300_000);
});
