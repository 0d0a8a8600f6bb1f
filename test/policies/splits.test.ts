import { describe, expect, it } from 'vitest';
import {
  bulkhead,
  circuitBreaker,
  compose,
  consecutiveFailures,
  constant,
  definePolicy,
  hedge,
  type Policy,
  rateLimiter,
  retry,
  retryBudget,
  singleFlight,
  TimeoutError,
  type TimeoutEvent,
  timeout,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { flaky, gated, hanging, transient } from './operations.ts';

// Policies that call what is inside with code of their own.
const splits: [string, (clock: VirtualClock) => Policy][] = [
  ['a policy of your own', () => definePolicy('own', (next) => next())],
  ['a hedge', (clock) => hedge({ after: '1h', clock })],
  ['a single-flight', () => singleFlight()],
];

describe.each(splits)('through %s', (_name, split) => {
  it.each(['time-out', 'deadline'])('a breaker counts the calls that a %s outside ends', async (end) => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(2), clock });
    const after = end === 'time-out' ? '1s' : '1h';
    const policy = compose(timeout({ after, clock }), split(clock), breaker);
    for (let call = 0; call < 2; call++) {
      expect(breaker.state).toBe('closed');
      const deadline = end === 'deadline' ? clock.now() + 1_000 : undefined;
      const result = policy.executeOutcome(hanging, { key: 'slate', deadline });
      await clock.advance('1s');
      expect(await result).toMatchObject({ kind: 'timeout' });
    }
    expect(breaker.state).toBe('open');
    expect(clock.pendingTimers).toBe(0);
  });

  it('a breaker counts none that its caller gives up', async () => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(1), clock });
    const policy = compose(timeout({ after: '1s', clock }), split(clock), breaker);
    const caller = new AbortController();
    const result = policy.executeOutcome(hanging, { key: 'slate', signal: caller.signal });
    caller.abort('enough');
    expect(await result).toMatchObject({ kind: 'cancelled', error: 'enough' });
    expect(breaker.state).toBe('closed');
  });

  it.each([0, '500ms'] as const)(
    'a time-out tells of work that is left running, once, with %s of grace',
    async (grace) => {
      const clock = new VirtualClock();
      const told: TimeoutEvent['kind'][] = [];
      const policy = compose(
        timeout({ after: '1s', grace, clock, on: ({ kind }) => told.push(kind) }),
        split(clock),
      );
      const result = policy.executeOutcome(hanging, { key: 'slate' });
      await clock.advance('2s');
      expect(await result).toMatchObject({ kind: 'timeout' });
      expect(told).toEqual(['timed_out', 'work_left_running']);
      const heeds = policy.executeOutcome(
        ({ signal }) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        { key: 'slate' },
      );
      await clock.advance('2s');
      expect(await heeds).toMatchObject({ kind: 'timeout' });
    },
  );
});

it('a place is kept until the work has ended that a policy of your own leaves running after a time-out outside', async () => {
  const clock = new VirtualClock();
  const places = bulkhead({ limit: 1, clock });
  const { operation, open } = gated<string>();
  const policy = compose(
    places,
    timeout({ after: '1s', clock }),
    definePolicy('deaf', (next) => next({ signal: new AbortController().signal, deadline: Infinity })),
    timeout({ after: '500ms', grace: '5s', clock }),
  );
  const result = policy.executeOutcome(operation);
  await clock.advance('1s');
  expect(await result).toMatchObject({ kind: 'timeout' });
  await clock.advance('10s');
  expect(places.atWork).toBe(1);
  open('at last');
  await clock.advance(0);
  expect(places.atWork).toBe(0);
});

it("a breaker counts no call whose caller gives it up for a time-out of the caller's own", async () => {
  const clock = new VirtualClock();
  const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(1), clock });
  const caller = new AbortController();
  const result = breaker.executeOutcome(hanging, { signal: caller.signal });
  const error = new TimeoutError('The request was not done', 1_000);
  caller.abort(error);
  expect(await result).toEqual({ ok: false, kind: 'cancelled', error });
  expect(breaker.state).toBe('closed');
});

describe('a hedge', () => {
  it.each<[string, (clock: VirtualClock) => Policy]>([
    ['a bulkhead', (clock) => bulkhead({ limit: 1, clock })],
    ['a rate limiter', (clock) => rateLimiter({ limit: 1, per: '1h', clock })],
  ])('waits for the call at work when %s inside does not let another through', async (_name, inside) => {
    const clock = new VirtualClock();
    const policy = compose(hedge({ after: '1s', extra: 2, clock }), inside(clock));
    let calls = 0;
    const result = policy.executeOutcome(async ({ signal }) => {
      calls += 1;
      await new Promise<void>((resolve) => clock.setTimer(3_000, resolve));
      return signal.aborted;
    });
    await clock.advance('3s');
    expect(await result).toEqual({ ok: true, value: false });
    expect(calls).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is refused when the policy inside lets none of its calls through', async () => {
    const clock = new VirtualClock();
    const full = bulkhead({ limit: 1, clock });
    void full.execute(hanging);
    const policy = compose(hedge({ after: '1s', clock }), full);
    expect(await policy.executeOutcome(hanging)).toMatchObject({ kind: 'rejected' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('earns its share of a budget that retries inside it use, once for all its calls', async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ratio: 1, minPerSecond: 0, clock });
    const policy = compose(
      hedge({ after: '1s', extra: 2, clock }),
      retry({ attempts: 2, backoff: constant(0), budget, clock }),
    );
    const result = policy.executeOutcome(hanging);
    await clock.advance('3s');
    expect(budget.balance).toBe(1);
    void result;
    expect(await policy.execute(flaky(1, transient))).toBe(2);
    expect(budget.balance).toBe(1);
  });
});
