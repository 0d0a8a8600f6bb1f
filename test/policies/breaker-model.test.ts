import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CircuitRecord, circuitBreaker, consecutiveFailures } from '../../src/policy/index.ts';
import type { Clock } from '../../src/time/index.ts';
import { NaiveBreaker, type Saved } from './naive-breaker.ts';
import { transient } from './operations.ts';

const settings = fc.record({
  failures: fc.integer({ min: 1, max: 4 }),
  openFor: fc.integer({ min: 1, max: 50 }),
  probes: fc.integer({ min: 1, max: 3 }),
  successes: fc.integer({ min: 1, max: 4 }),
  probeTimeout: fc.integer({ min: 1, max: 30 }),
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'call' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('succeed' as const), which: fc.nat() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('fail' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wrong' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat() }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), time: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('step the wall' as const), by: fc.integer() }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'isolate' as const }, { kind: 'release' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'reset' as const }, { kind: 'ready' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'snapshot' as const }, { kind: 'restore' as const }) },
);

/** A clock without timers: a breaker needs none. */
class HandClock implements Clock {
  time = 0;
  wall = 0;
  now(): number {
    return this.time;
  }
  wallNow(): number {
    return this.wall;
  }
  setTimer(): never {
    throw new Error('a breaker set a timer');
  }
}

async function flush(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await undefined;
}

interface UnderWay {
  readonly ticket: { readonly epoch: number; readonly probe: number | undefined };
  readonly resolve: (value: number) => void;
  readonly reject: (error: unknown) => void;
  readonly caller: AbortController | undefined;
}

describe('a circuit breaker against a naive one', () => {
  it('is in the same state after each of ten thousand sequences of events, and keeps its invariants', async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.array(step, { maxLength: 40 }),
        fc.boolean(),
        async (set, steps, withSignal) => {
          const clock = new HandClock();
          const breaker = circuitBreaker({
            ...set,
            name: 'model',
            trip: consecutiveFailures(set.failures),
            clock,
          });
          const model = new NaiveBreaker(set);
          const underWay: UnderWay[] = [];
          const holds: Disposable[] = [];
          let saved: { readonly record: CircuitRecord; readonly model: Saved } | undefined;

          const call = () => {
            const ticket = model.call(clock.time);
            let admitted = false;
            const caller = withSignal ? new AbortController() : undefined;
            const { promise, resolve, reject } = Promise.withResolvers<number>();
            const operation = () => {
              admitted = true;
              return promise;
            };
            const done = breaker.execute(operation, caller && { signal: caller.signal });
            done.catch(() => {});
            expect(admitted).toBe(ticket !== undefined);
            if (ticket !== undefined) underWay.push({ ticket, resolve, reject, caller });
          };
          const end = (
            which: number,
            how: 'success' | 'failure' | 'ignored',
            settle: (one: UnderWay) => void,
          ) => {
            if (underWay.length === 0) return;
            const [one] = underWay.splice(which % underWay.length, 1);
            if (one === undefined) return;
            settle(one);
            model.ends(one.ticket, how, clock.time);
          };

          for (const one of steps) {
            const { state, epoch } = model;
            switch (one.kind) {
              case 'call':
                call();
                break;
              case 'succeed':
                end(one.which, 'success', ({ resolve }) => resolve(1));
                break;
              case 'fail':
                end(one.which, 'failure', ({ reject }) => reject(transient()));
                break;
              case 'wrong':
                end(one.which, 'ignored', ({ reject }) => reject(new TypeError('wrong')));
                break;
              case 'abort':
                if (withSignal) end(one.which, 'ignored', ({ caller }) => caller?.abort('enough'));
                break;
              case 'pass':
                clock.time += one.time;
                break;
              case 'step the wall':
                clock.wall += one.by;
                break;
              case 'isolate':
                holds.push(breaker.isolate());
                model.isolate(clock.time);
                break;
              case 'release': {
                const hold = holds.pop();
                hold?.[Symbol.dispose]();
                if (hold !== undefined && holds.length === 0) model.release();
                break;
              }
              case 'reset':
                breaker.reset();
                model.reset(clock.time);
                if (holds.length > 0) model.isolate(clock.time);
                break;
              case 'ready':
                breaker.ready();
                model.ready(clock.time);
                break;
              case 'snapshot':
                saved = { record: breaker.snapshot(), model: model.saved() };
                break;
              case 'restore':
                if (saved === undefined || holds.length > 0) break;
                breaker.restore(saved.record);
                model.restored(saved.model, clock.time);
                break;
            }
            await flush();
            model.look(clock.time);
            expect(breaker.state).toBe(model.state);
            // Invariants of the record itself.
            const record = breaker.snapshot();
            expect(record.probes.length).toBeLessThanOrEqual(set.probes);
            expect(record.probes.length).toBe(model.state === 'half-open' ? model.probing : 0);
            if (one.kind === 'succeed' && underWay.length > 0 && state === 'closed')
              expect(record.state).toBe('closed');
            if (model.epoch === epoch) expect(record.state).toBe(state);
          }
        },
      ),
      { numRuns: 10_000 },
    );
  }, 120_000);
});
