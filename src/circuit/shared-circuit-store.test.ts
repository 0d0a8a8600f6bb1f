import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { CircuitReading, CircuitStore } from './circuit-store.ts';
import {
  consecutiveFailures,
  defineTripRule,
  failureRate,
  isTicket,
  LocalCircuit,
  newCircuit,
} from './index.ts';
import {
  type Admission,
  type SharedCircuitEvent,
  type SharedCircuitOptions,
  sharedCircuit,
} from './shared-circuit.ts';

const openFor = 60_000;

/** A store of one record, on a clock that is far ahead of the processes', which does as it is told. */
class Shelf implements CircuitStore {
  readonly signals: AbortSignal[] = [];
  kept: Omit<CircuitReading, 'time' | 'version'> = { record: undefined, applied: [] };
  reads = 0;
  writes = 0;
  /** What becomes of a call, before it is answered. */
  beforeRead = async (): Promise<void> => {};
  beforeWrite = async (): Promise<boolean> => true;
  afterWrite = async (): Promise<void> => {};
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async read(_: string, { signal }: { readonly signal: AbortSignal }): Promise<CircuitReading> {
    this.signals.push(signal);
    this.reads++;
    await this.beforeRead();
    return { ...this.kept, version: String(this.writes), time: this.#clock.now() + 1e9 };
  }

  async write(
    _: string,
    next: Parameters<CircuitStore['write']>[1],
    read: CircuitReading,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<boolean> {
    this.signals.push(signal);
    if (!(await this.beforeWrite()) || read.version !== String(this.writes)) return false;
    this.kept = next;
    this.writes++;
    await this.afterWrite();
    return true;
  }
}

describe('a shared circuit and its store', () => {
  let clock: VirtualClock;
  let shelf: Shelf;
  let events: SharedCircuitEvent[];

  beforeEach(async () => {
    clock = new VirtualClock();
    await clock.advance(50_000);
    shelf = new Shelf(clock);
    events = [];
  });

  let clients = 0;
  const join = (options: Partial<SharedCircuitOptions> = {}) =>
    sharedCircuit({
      store: shelf,
      key: 'odds',
      client: `client-${clients++}`,
      clock,
      trip: consecutiveFailures(3),
      openFor,
      probes: 1,
      successes: 1,
      probeTimeout: 10_000,
      on: (event) => events.push(event),
      ...options,
    });
  type Circuit = ReturnType<typeof join>;
  type Admitted = Admission & { readonly admitted: true };
  const enter = async (circuit: Circuit): Promise<Admitted> => {
    const admission = await clock.runUntil(circuit.enter());
    if (!admission.admitted) throw new Error(`rejected for ${admission.retryAfter} ms`);
    return admission;
  };
  const enterTimes = async (circuit: Circuit, times: number) => {
    const entered: Admitted[] = [];
    for (let time = 0; time < times; time++) entered.push(await enter(circuit));
    return entered;
  };
  const work = async (circuit: Circuit, ...outcomes: ('success' | 'failure' | 'ignored')[]) => {
    for (const outcome of outcomes) await clock.runUntil(circuit.leave(await enter(circuit), outcome));
  };
  const times = <T>(count: number, value: T) => Array.from({ length: count }, () => value);
  const goAway = () => {
    shelf.beforeRead = () => Promise.reject(new Error('away'));
  };
  const comeBack = async (circuit: Circuit) => {
    shelf.beforeRead = async () => {};
    await clock.advance('10s');
    await clock.runUntil(circuit.enter());
  };
  const told = 'The call of the store for circuit odds did not end within 5000 ms';

  describe('as to what it costs', () => {
    it('reads again for a success once what was read is too old, and not before', async () => {
      const circuit = join();
      const [one, two] = await enterTimes(circuit, 2);
      await clock.advance(2_999);
      await circuit.leave(one as Admitted, 'success');
      expect(shelf.reads).toBe(1);
      await clock.advance(1);
      await circuit.leave(two as Admitted, 'success');
      expect([shelf.reads, shelf.writes]).toEqual([2, 0]);
    });

    it('asks nothing for what counts neither way', async () => {
      const circuit = join();
      await work(circuit, 'ignored');
      expect(shelf.reads).toBe(1);
    });

    it('keeps the ids of the last events alone, and nothing of a limit that it has not', async () => {
      const circuit = join({ trip: consecutiveFailures(100) });
      await work(circuit, ...times(30, 'failure' as const));
      expect(shelf.kept.applied).toHaveLength(20);
      expect(shelf.kept).not.toHaveProperty('writesUntil');
    });

    it('asks nothing while it gathers, and writes at once what opens', async () => {
      const trip = failureRate({ threshold: 1, window: '10s', minimumCalls: 14 });
      const circuit = join({ trip, writeEvery: 1_000 });
      await work(circuit, ...times(11, 'failure' as const));
      expect(shelf.writes).toBe(10);
      const { reads } = shelf;
      await work(circuit, 'failure', 'failure');
      expect([shelf.reads, shelf.writes]).toEqual([reads, 10]);
      await work(circuit, 'failure');
      expect([shelf.writes, shelf.kept.record?.state]).toEqual([11, 'open']);
    });

    it('writes a probe and a reset at once, however often it has written', async () => {
      const circuit = join({ trip: consecutiveFailures(100), writeEvery: 10_000 });
      await work(circuit, ...times(12, 'failure' as const));
      expect(shelf.kept.record?.failures).toBe(10);
      await clock.runUntil(circuit.reset());
      expect(shelf.kept.record?.failures).toBe(0);
      const short = {
        trip: consecutiveFailures(1),
        writeEvery: 100_000,
        openFor: 100,
        probes: 2,
        successes: 2,
      };
      const probing = join(short);
      await work(probing, 'failure');
      await clock.advance(3_000);
      await enterTimes(probing, 2);
      expect(shelf.kept.record?.probes).toHaveLength(2);
    });
  });

  describe('where many counts are gathered', () => {
    const sparing = { trip: consecutiveFailures(100), writeEvery: 1_000 };
    /** A circuit that has written as often as it may at once, and gathers one more failure; and calls that it has admitted. */
    const gathering = async (late: number) => {
      const circuit = join(sparing);
      const admissions = await enterTimes(circuit, late);
      await work(circuit, ...times(11, 'failure' as const));
      expect([shelf.kept.record?.failures, clock.pendingTimers]).toEqual([10, 1]);
      return { circuit, admissions };
    };

    it('loses none that comes in during the pause after a write whose answer was lost', async () => {
      const { circuit, admissions } = await gathering(1);
      shelf.afterWrite = async () => {
        shelf.afterWrite = async () => {};
        throw new Error('the answer was lost');
      };
      const counted = circuit.count('failure');
      await clock.advance(10);
      expect(shelf.kept.record?.failures).toBe(12);
      await circuit.leave(admissions[0] as Admitted, 'failure');
      await clock.runUntil(counted);
      await clock.advance('1m');
      expect(shelf.kept.record?.failures).toBe(13);
    });

    it('writes in its time also one that comes in while the others are being written', async () => {
      const { circuit, admissions } = await gathering(1);
      const answer = Promise.withResolvers<void>();
      shelf.afterWrite = () => answer.promise;
      const counted = circuit.count('failure');
      await clock.advance(0);
      await circuit.leave(admissions[0] as Admitted, 'failure');
      shelf.afterWrite = async () => {};
      answer.resolve();
      await counted;
      expect(shelf.kept.record?.failures).toBe(12);
      await clock.advance('1m');
      expect(shelf.kept.record?.failures).toBe(13);
      expect(clock.pendingTimers).toBe(0);
    });

    it('has a second probe in the record at once', async () => {
      const circuit = join({
        trip: consecutiveFailures(11),
        writeEvery: 1_000,
        openFor: 100,
        probes: 2,
        successes: 2,
      });
      await work(circuit, ...times(11, 'failure' as const));
      await clock.advance(200);
      const probes = await enterTimes(circuit, 2);
      expect(shelf.kept.record).toMatchObject({ state: 'half-open', probes: [{ id: 0 }, { id: 1 }] });
      expect(probes.map(({ ticket }) => ticket.probe)).toEqual([0, 1]);
    });

    it('waits once more where others have written meanwhile', async () => {
      await gathering(0);
      await clock.advance(500);
      await clock.runUntil(join(sparing).count('failure'));
      expect(shelf.writes).toBe(11);
      await clock.advance(500);
      expect([shelf.writes, clock.pendingTimers]).toEqual([11, 1]);
      await clock.advance(999);
      expect(shelf.writes).toBe(11);
      await clock.advance(1);
      expect([shelf.writes, shelf.kept.record?.failures]).toEqual([12, 12]);
    });
  });

  describe('as to what it says', () => {
    it('gives a probe’s place back, though others have closed it and this process has seen that', async () => {
      const options = { openFor: 2_000, probes: 2, successes: 1, probeTimeout: 60_000 };
      const [one, other] = [join(options), join(options)];
      await work(one, 'failure', 'failure', 'failure');
      await clock.advance(2_000);
      const mine = await enter(one);
      await work(other, 'success');
      expect(shelf.kept.record).toMatchObject({ state: 'closed', lingering: [{ id: 0 }] });
      expect(await enter(one)).toMatchObject({ ticket: { probe: null } });
      await clock.runUntil(one.leave(mine, 'success'));
      expect(shelf.kept.record).toMatchObject({ state: 'closed', lingering: [] });
    });

    it.each([
      ['in a row', consecutiveFailures(3)],
      ['in so many calls', failureRate({ threshold: 0.5, window: { calls: 6 }, minimumCalls: 3 })],
      ['in a time', failureRate({ threshold: 0.5, window: '10s', minimumCalls: 4 })],
    ])('counts failures %s here as one that is not shared does', async (_what, trip) => {
      const step = fc.record({
        outcome: fc.constantFrom('success' as const, 'failure' as const, 'ignored' as const),
        wait: fc.constantFrom(0, 100, 2_000, openFor),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
          shelf = new Shelf(clock);
          const settings = { trip, openFor, probes: 1, successes: 1, probeTimeout: 10_000 };
          const local = new LocalCircuit(settings, clock, { moved: () => {} });
          const shared = join({ trip, counted: 'here' });
          for (const { outcome, wait } of steps) {
            const [ticket, admission] = [local.enter(), await clock.runUntil(shared.enter())];
            expect(admission.admitted).toBe(isTicket(ticket));
            if (isTicket(ticket) && admission.admitted) {
              const sample = { failed: outcome === 'failure', duration: 0, running: false, reportedAt: 0 };
              local.leave(ticket, outcome, sample);
              await clock.runUntil(shared.leave(admission, outcome));
            }
            expect(shelf.kept.record?.state ?? 'closed').toBe(local.state);
            await clock.advance(wait);
          }
        }),
        { numRuns: 60 },
      );
    });

    it('opens by a success too, where that is the call by which a rule that counts here trips', async () => {
      const trip = failureRate({ threshold: 0.5, window: { calls: 10 }, minimumCalls: 4 });
      const circuit = join({ trip, counted: 'here' });
      await work(circuit, 'failure', 'failure', 'failure');
      expect(shelf.writes).toBe(0);
      await work(circuit, 'success');
      expect(shelf.kept.record).toMatchObject({ state: 'open' });
    });

    it('counts no late end of an earlier epoch here', async () => {
      const circuit = join({ counted: 'here', openFor: 1_000 });
      const late = await enterTimes(circuit, 2);
      await work(circuit, 'failure', 'failure', 'failure');
      await clock.advance(1_000);
      await work(circuit, 'success', 'failure', 'failure');
      for (const one of late) await clock.runUntil(circuit.leave(one, 'failure'));
      expect(shelf.kept.record?.state).toBe('closed');
      await work(circuit, 'failure');
      expect(shelf.kept.record?.state).toBe('open');
    });

    it('forgets what it has counted here once others have opened it and closed it again', async () => {
      const [circuit, other] = [join({ counted: 'here' }), join({ counted: 'here' })];
      await work(circuit, 'failure', 'failure');
      await work(other, 'failure', 'failure', 'failure');
      await clock.advance(openFor);
      await work(other, 'success');
      await work(circuit, 'failure', 'failure');
      expect(shelf.kept.record?.state).toBe('closed');
      await work(circuit, 'failure');
      expect(shelf.kept.record?.state).toBe('open');
    });

    it.each([
      ['another rule', { trip: 7, counts: 'consecutiveFailures' }],
      ['nobody knows which', { trip: 7 }],
      ['its rule over another window', { trip: [5, 5, 5, 31], counts: 'failures in 5 calls' }],
    ])('starts anew where the record counts by %s, and writes nothing for that', async (_what, kept) => {
      const { counts: _, ...fresh } = newCircuit({
        trip: consecutiveFailures(1),
        openFor,
        probes: 1,
        successes: 1,
        probeTimeout: 1,
      });
      shelf.kept = { record: { ...fresh, ...kept }, applied: [] };
      const trip = failureRate({ threshold: 1, window: { calls: 10 }, minimumCalls: 3 });
      const circuit = join({ trip });
      const admissions = await enterTimes(circuit, 3);
      expect(shelf.writes).toBe(0);
      for (const [index, admission] of admissions.entries()) {
        expect(shelf.kept.record?.state).toBe('closed');
        await clock.runUntil(circuit.leave(admission, 'failure'));
        expect(shelf.writes).toBe(index + 1);
      }
      expect(shelf.kept.record).toMatchObject({ state: 'open', counts: 'failures in 10 calls' });
      expect([circuit.degraded, events.map(({ kind }) => kind)]).toEqual([false, ['moved']]);
    });
    it('tells by the store’s time how long it stays open', async () => {
      const circuit = join();
      await work(circuit, 'failure', 'failure', 'failure');
      const { reads } = shelf;
      await clock.advance(1_000);
      expect(await circuit.enter()).toEqual({ admitted: false, retryAfter: openFor - 1_000 });
      expect(shelf.reads).toBe(reads);
    });

    it('admits as soon as its time is up, also while what was read is fresh', async () => {
      const circuit = join({ openFor: 2_000 });
      await work(circuit, 'failure', 'failure', 'failure');
      await clock.advance(2_000);
      expect(await clock.runUntil(circuit.enter())).toMatchObject({ admitted: true, ticket: { probe: 0 } });
    });

    it('asks the store while probes are at work', async () => {
      const circuit = join({ openFor: 2_000 });
      await work(circuit, 'failure', 'failure', 'failure');
      await clock.advance(2_000);
      await enter(circuit);
      const { reads } = shelf;
      expect(await circuit.enter()).toEqual({ admitted: false, retryAfter: 10_000 });
      expect(shelf.reads).toBe(reads + 1);
    });

    it('isolates one that was never used, for all', async () => {
      await clock.runUntil(join().isolate());
      expect(await join().enter()).toEqual({ admitted: false, retryAfter: undefined });
    });

    it('shows no failures after a success, also where its rule remembers neither', async () => {
      const trip = defineTripRule({ name: 'never', initial: null, record: () => null, trips: () => false });
      const circuit = join({ trip });
      await work(circuit, 'failure', 'success');
      expect(shelf.kept.record?.failures).toBe(0);
    });

    it('writes each success where its rule wants to see it', async () => {
      await work(join({ trip: failureRate({ threshold: 1 }) }), 'success', 'success');
      expect(shelf.writes).toBe(2);
    });

    it('opens by failures alone where they are counted here', async () => {
      const circuit = join({ counted: 'here' });
      await work(circuit, 'success', 'success', 'failure', 'success', 'failure', 'failure');
      await clock.runUntil(circuit.count('success'));
      expect(shelf.kept.record?.state ?? 'closed').toBe('closed');
    });
  });

  describe('when others write at the same time', () => {
    it('loses no failure to a write that came too late', async () => {
      let lost = 0;
      shelf.beforeWrite = async () => lost++ > 0;
      await clock.runUntil(join().count('failure'));
      expect(shelf.kept.record?.failures).toBe(1);
    });

    it('gives up after twenty tries, and says so', async () => {
      shelf.beforeWrite = async () => shelf.reads > 40;
      await expect(clock.runUntil(join().isolate())).rejects.toThrow(
        'Circuit odds changed 20 times while it was being read',
      );
      expect(shelf.reads).toBe(20);
    });

    it('loses no failure that comes in while another is being written', async () => {
      const [written, read] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const circuit = join();
      shelf.afterWrite = () => written.promise;
      const one = circuit.count('failure');
      await clock.advance(0);
      shelf.afterWrite = async () => {};
      shelf.beforeRead = () => read.promise;
      const other = circuit.count('failure');
      written.resolve();
      await one;
      read.resolve();
      await other;
      expect(shelf.kept.record?.failures).toBe(2);
    });

    it('takes a place that was lost with the answer, and then to another, for none', async () => {
      const openTime = { openFor: 2_000 };
      const circuit = join(openTime);
      await work(circuit, 'failure', 'failure', 'failure');
      await clock.advance(2_000);
      shelf.afterWrite = async () => {
        shelf.afterWrite = async () => {};
        const { record } = shelf.kept;
        if (record !== undefined)
          shelf.kept = {
            ...shelf.kept,
            record: { ...record, probes: [{ id: 9, expires: 2e9, holder: 'other' }] },
          };
        throw new Error('the answer was lost');
      };
      expect(await clock.runUntil(circuit.enter())).toEqual({ admitted: false, retryAfter: undefined });
    });
  });

  describe('when what it was given throws', () => {
    const mine = new Error('mine');
    const throws = () => {
      throw mine;
    };
    let reported: MockInstance;
    beforeEach(() => {
      reported = vi.spyOn(console, 'error').mockImplementation(() => {});
    });
    afterEach(() => {
      reported.mockRestore();
    });
    const told = () => reported.mock.calls.map(([, error]) => error);

    it('takes a listener that throws for no loss of the store, and counts once', async () => {
      const circuit = join({ on: throws });
      await work(circuit, 'failure', 'failure', 'failure');
      expect([circuit.degraded, shelf.writes, told()]).toEqual([false, 3, [mine]]);
      expect(shelf.kept.record).toMatchObject({ state: 'open', failures: 3 });
      await expect(clock.runUntil(circuit.reset())).resolves.toBeUndefined();
      expect(told()).toHaveLength(2);
    });

    it('goes on alone and comes back though its listener throws at both', async () => {
      const circuit = join({ on: throws });
      goAway();
      expect(await enter(circuit)).toMatchObject({ away: true });
      await comeBack(circuit);
      expect([circuit.degraded, told()]).toEqual([false, [mine, mine]]);
    });

    it.each(['everywhere', 'here'] as const)(
      'tells of a rule that throws, and counts nothing by it (%s)',
      async (counted) => {
        const own = { name: 'own', initial: 0, record: (n: number) => n + 1, trips: () => false };
        for (const part of ['record', 'trips']) {
          const circuit = join({ trip: defineTripRule({ ...own, [part]: throws }), counted });
          await work(circuit, 'failure', 'success', 'ignored');
          expect([circuit.degraded, shelf.writes]).toEqual([false, 0]);
        }
        expect(told()).toEqual([mine, mine, mine, mine]);
      },
    );

    it('tells of a rule that throws also while the store is away', async () => {
      const circuit = join({
        trip: defineTripRule({ name: 'x', initial: 0, record: throws, trips: () => false }),
      });
      goAway();
      await circuit.leave(await enter(circuit), 'failure');
      expect(told()).toEqual([mine]);
    });

    it('tells of a chance that throws', async () => {
      const growth = { factor: 2, cap: openFor, jitter: 1, quiet: 1 };
      await work(join({ growth, random: throws }), 'failure', 'failure', 'failure');
      expect(told()).toEqual([mine]);
      expect(shelf.kept.record?.openUntil).toBe(clock.now() + 1e9 + openFor);
    });
  });

  describe('when that fails', () => {
    it('writes three times, waiting longer in between', async () => {
      const circuit = join();
      shelf.beforeWrite = () => Promise.reject(new Error('no'));
      const before = clock.now();
      await expect(clock.runUntil(circuit.isolate())).rejects.toThrow('no');
      expect([shelf.reads, clock.now() - before]).toEqual([3, 150]);
    });

    it('aborts a call that hangs, and tells which', async () => {
      const hanging = () => new Promise<never>(() => {});
      shelf.beforeWrite = hanging;
      await expect(clock.runUntil(join().isolate())).rejects.toThrow(told);
      expect(shelf.signals.map(({ aborted }) => aborted)).toEqual([true, true]);
      shelf.beforeRead = hanging;
      await expect(clock.runUntil(join().snapshot())).rejects.toThrow(told);
      expect(shelf.signals.at(-1)?.aborted).toBe(true);
      await clock.runUntil(join().enter());
      expect(events).toMatchObject([{ kind: 'degraded', key: 'odds', error: { message: told } }]);
    });

    it('counts a failure here once, and by it rejects, though what it read is fresh', async () => {
      const circuit = join({ trip: consecutiveFailures(3) });
      const entered = await enterTimes(circuit, 3);
      goAway();
      for (const admission of entered.slice(0, 2)) await circuit.leave(admission, 'failure');
      expect(await circuit.enter()).toMatchObject({ admitted: true, away: true });
      await circuit.leave(entered[2] as Admitted, 'failure');
      expect(await circuit.enter()).toEqual({ admitted: false, retryAfter: openFor });
    });

    it('counts what it admitted while the store was away also when that is back', async () => {
      const circuit = join();
      goAway();
      const admission = await enter(circuit);
      await comeBack(circuit);
      await clock.runUntil(circuit.leave(admission, 'failure'));
      expect(shelf.kept.record?.failures).toBe(1);
    });

    describe('while a probe is at work', () => {
      const probing = async () => {
        const circuit = join({ openFor: 2_000, probeTimeout: 60_000 });
        await work(circuit, 'failure', 'failure', 'failure');
        await clock.advance(2_000);
        const probe = await enter(circuit);
        goAway();
        return { circuit, probe };
      };

      it('gives the place of one that says nothing back: here at once, and there when that is back', async () => {
        const { circuit, probe } = await probing();
        await circuit.leave(probe, 'ignored');
        expect(await enter(circuit)).toMatchObject({ away: true, ticket: { probe: 1 } });
        shelf.beforeRead = async () => {};
        await clock.advance('10s');
        expect(await clock.runUntil(circuit.enter())).toMatchObject({ admitted: true, away: false });
        expect(shelf.kept.record).toMatchObject({ state: 'half-open', probes: [{ id: 1 }] });
      });

      it.each([
        ['success', 'closed'],
        ['failure', 'open'],
      ] as const)('tells of its %s when that is back, by which it is %s', async (outcome, state) => {
        const { circuit, probe } = await probing();
        await circuit.leave(probe, outcome);
        await comeBack(circuit);
        expect(shelf.kept.record).toMatchObject({ state, probes: [] });
      });

      it('tells too late of one whose time was up by then', async () => {
        const { circuit, probe } = await probing();
        await clock.advance('50s');
        await circuit.leave(probe, 'success');
        await comeBack(circuit);
        // It opened when the probe's time was up, and a probe has been admitted since.
        expect(shelf.kept.record).toMatchObject({ state: 'open', probes: [] });
      });
    });

    it.each([undefined, 1_000])('keeps a hundred failures for later, and no more', async (writeEvery) => {
      const trip = consecutiveFailures(1_000);
      for (const way of ['admitted before', 'never admitted'] as const) {
        shelf = new Shelf(clock);
        const circuit = join({ trip, writeEvery });
        const entered = await enterTimes(circuit, 150);
        goAway();
        for (const admission of entered)
          await (way === 'never admitted' ? circuit.count('failure') : circuit.leave(admission, 'failure'));
        await comeBack(circuit);
        expect(shelf.kept.record?.failures).toBe(100);
      }
    });
  });
});
