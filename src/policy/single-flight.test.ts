import { describe, expect, it, vi } from 'vitest';
import { gated, hanging } from '../../test/policies/operations.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { compose, definePolicy, type ExecuteOptions, singleFlight, timeout } from './index.ts';

describe('single flight', () => {
  it('makes one call for all who ask for the same at the same time', async () => {
    const load = vi.fn(async (team: string) => ({ team }));
    const shared = singleFlight({ key: (team: string) => team }).wrap(load);
    const [a, b, c] = await Promise.all([shared('BOS'), shared('BOS'), shared('LAL')]);
    expect(a).toBe(b);
    expect(c).toEqual({ team: 'LAL' });
    expect(load).toHaveBeenCalledTimes(2);
    await shared('BOS');
    expect(load).toHaveBeenCalledTimes(3);
  });

  it('takes the key that execute is given, and asks for one', async () => {
    const policy = singleFlight();
    const operation = vi.fn(async () => 1);
    await Promise.all([policy.execute(operation, { key: 7 }), policy.execute(operation, { key: 7 })]);
    expect(operation).toHaveBeenCalledTimes(1);
    await expect(policy.execute(operation)).rejects.toThrow('execute.key must be given');
    await expect(policy.wrap(operation)()).rejects.toThrow('singleFlight.key must be given');
  });

  it('tells the functions that it wraps apart, and the objects whose method is called', async () => {
    const policy = singleFlight({ key: (team: string) => team });
    const games = policy.wrap(async (team: string) => `games of ${team}`);
    const players = policy.wrap(async (team: string) => `players of ${team}`);
    const load = policy.wrap(async function (this: { name: string }, team: string) {
      return `${team} in ${this.name}`;
    });
    const [nba, wnba] = [
      { name: 'NBA', load },
      { name: 'WNBA', load },
    ];
    const asked = [games('NYK'), players('NYK'), games('NYK'), nba.load('NYK'), wnba.load('NYK')];
    expect(await Promise.all(asked)).toEqual([
      'games of NYK',
      'players of NYK',
      'games of NYK',
      'NYK in NBA',
      'NYK in WNBA',
    ]);
  });

  it('goes on sharing the call of one function when that of another with the same key has ended', async () => {
    const policy = singleFlight({ key: (team: string) => team });
    const { operation, open } = gated<string>();
    const asked = vi.fn((_team: string) => operation());
    const players = policy.wrap(asked);
    const first = players('NYK');
    await policy.wrap(async (team: string) => team)('NYK');
    const second = players('NYK');
    open('the roster');
    expect(await Promise.all([first, second])).toEqual(['the roster', 'the roster']);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('makes another call for who comes right after all have given up, which the next ones share', async () => {
    const policy = singleFlight();
    const caller = new AbortController();
    const { operation, open } = gated<string>();
    const second = vi.fn(operation);
    const given = policy.executeOutcome(hanging, { key: 7, signal: caller.signal });
    caller.abort('enough');
    const asked = [policy.execute(second, { key: 7 })];
    expect(await given).toMatchObject({ kind: 'cancelled' });
    await new Promise(setImmediate);
    asked.push(policy.execute(second, { key: 7 }));
    open('fresh');
    expect(await Promise.all(asked)).toEqual(['fresh', 'fresh']);
    expect(second).toHaveBeenCalledTimes(1);
  });

  it('leaves the others theirs when one gives up, and aborts when all have', async () => {
    const policy = singleFlight();
    const { operation, open } = gated<string>();
    const signals: AbortSignal[] = [];
    const call = (caller: AbortController) =>
      policy.executeOutcome(
        ({ signal }) => {
          signals.push(signal);
          return operation();
        },
        { key: 'k', signal: caller.signal },
      );
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    const results = [call(first), call(second)];
    first.abort('first has enough');
    expect(await results[0]).toMatchObject({ error: 'first has enough', kind: 'cancelled' });
    expect(signals[0]?.aborted).toBe(false);
    second.abort('second has enough');
    expect(await results[1]).toMatchObject({ error: 'second has enough' });
    expect(signals[0]).toMatchObject({ aborted: true, reason: 'second has enough' });
    const again = call(third);
    open('there');
    expect(await again).toEqual({ ok: true, value: 'there' });
    expect(signals).toHaveLength(2);
  });

  it('gives each caller its own time', async () => {
    const clock = new VirtualClock();
    const policy = compose(timeout({ after: '10s', clock }), singleFlight());
    const { operation, open } = gated<number>();
    const early = policy.executeOutcome(operation, { key: 'k' });
    await clock.advance('6s');
    const late = policy.executeOutcome(operation, { key: 'k' });
    await clock.advance('4s');
    expect(await early).toMatchObject({ ok: false, kind: 'timeout' });
    open(7);
    expect(await late).toEqual({ ok: true, value: 7 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives all the same failure, and starts anew after it', async () => {
    const policy = singleFlight();
    const error = new Error('away');
    const failing = () => Promise.reject(error);
    const results = [policy.execute(failing, { key: 1 }), policy.execute(failing, { key: 1 })];
    expect(await Promise.allSettled(results)).toEqual([
      { status: 'rejected', reason: error },
      { status: 'rejected', reason: error },
    ]);
    await expect(policy.execute(() => 2, { key: 1 })).resolves.toBe(2);
  });

  it('gives its result too to who asks for the same while it is being started', async () => {
    const policy = singleFlight();
    let inner: Promise<string> | undefined;
    const outer = policy.execute(
      async () => {
        inner = policy.execute(() => 'made twice', { key: 1 });
        return 'made once';
      },
      { key: 1 },
    );
    expect([await outer, await inner]).toEqual(['made once', 'made once']);
  });

  it('goes on for who started it when another joins and leaves while it is being started', async () => {
    const policy = singleFlight();
    let aborted: boolean | undefined;
    const outer = policy.execute(
      ({ signal }) => {
        const other = new AbortController();
        void policy.executeOutcome(() => 1, { key: 1, signal: other.signal });
        other.abort('enough');
        aborted = signal.aborted;
        return 'there';
      },
      { key: 1 },
    );
    expect([await outer, aborted]).toEqual(['there', false]);
  });

  it('does not start when its caller gives up while its key is asked for', async () => {
    const caller = new AbortController();
    const load = vi.fn(hanging);
    const policy = compose(
      definePolicy('of the caller', (next) => next({ signal: caller.signal })),
      singleFlight({ key: () => caller.abort('enough') }),
    );
    await expect(policy.wrap(load)()).rejects.toBe('enough');
    expect(load).not.toHaveBeenCalled();
  });

  it('is aborted when its caller gives up while it is being started, and the next call is made anew', async () => {
    const policy = singleFlight();
    const caller = new AbortController();
    let given: AbortSignal | undefined;
    const givenUp = policy.executeOutcome(
      ({ signal }) => {
        given = signal;
        caller.abort('enough');
        return hanging();
      },
      { key: 1, signal: caller.signal },
    );
    expect(await givenUp).toMatchObject({ error: 'enough', kind: 'cancelled' });
    expect(given).toMatchObject({ aborted: true, reason: 'enough' });
    await expect(policy.execute(() => 'anew', { key: 1 })).resolves.toBe('anew');
  });

  it('that waits for itself ends by the signals and deadlines of its calls', async () => {
    const clock = new VirtualClock();
    const policy = compose(timeout({ after: '1h', clock }), singleFlight());
    const caller = new AbortController();
    const waitsForItself = (inner: ExecuteOptions, outer: ExecuteOptions) =>
      policy.executeOutcome(() => policy.execute(() => 'never', { key: 1, ...inner }), { key: 1, ...outer });
    const byDeadline = waitsForItself({ deadline: 1_000 }, {});
    await clock.advance('1s');
    expect(await byDeadline).toMatchObject({ ok: false, kind: 'timeout' });
    const bySignal = waitsForItself({ signal: caller.signal }, { signal: caller.signal });
    caller.abort('enough');
    expect(await bySignal).toMatchObject({ error: 'enough', kind: 'cancelled' });
    await expect(policy.execute(() => 'anew', { key: 1 })).resolves.toBe('anew');
    expect(clock.pendingTimers).toBe(0);
  });
});
