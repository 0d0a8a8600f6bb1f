import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { circuitRecords, circuitStore, type Store } from '../store/index.ts';
import { FakeStore } from '../testing/fake-store.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import {
  type Admission,
  type SharedCircuitEvent,
  type SharedCircuitOptions,
  sharedCircuit,
} from './shared-circuit.ts';
import { consecutiveFailures } from './trip-rule.ts';

const minute = 60_000;
const openFor = 30 * minute;

describe('shared circuit', () => {
  let clock: VirtualClock;
  let store: FakeStore;
  let events: SharedCircuitEvent[];
  let clients: number;

  beforeEach(() => {
    clock = new VirtualClock();
    store = new FakeStore({ clock });
    events = [];
    clients = 0;
  });
  /** The circuit as one more process has it. */
  const join = (options: Partial<SharedCircuitOptions> = {}, on: Store = store) =>
    sharedCircuit({
      store: circuitStore(on),
      key: 'odds-api',
      client: `client-${clients++}`,
      clock,
      trip: consecutiveFailures(3),
      openFor,
      probes: 1,
      successes: 1,
      probeTimeout: minute,
      on: (event) => events.push(event),
      ...options,
    });
  type Circuit = ReturnType<typeof join>;
  const admitted = async (circuit: Circuit): Promise<Admission & { readonly admitted: true }> => {
    const admission = await clock.runUntil(circuit.enter());
    if (!admission.admitted) throw new Error(`rejected for ${admission.retryAfter} ms`);
    return admission;
  };
  const work = async (circuit: Circuit, outcome: 'success' | 'failure' | 'ignored') =>
    clock.runUntil(circuit.leave(await admitted(circuit), outcome));
  const state = async () => {
    const { entry } = await store.collection(circuitRecords).get('odds-api');
    return entry?.readable ? entry.value : undefined;
  };
  const open = async () => {
    for (let failure = 0; failure < 3; failure++) await work(join(), 'failure');
  };
  const puts = () => store.calls.filter(({ operation }) => operation === 'put').length;

  it('adds up the failures of processes that do one run and die', async () => {
    await work(join(), 'failure');
    await work(join(), 'failure');
    expect(await state()).toMatchObject({ state: 'closed', failures: 2 });
    await work(join(), 'failure');
    expect(await state()).toMatchObject({ state: 'open' });
    expect(await join().enter()).toEqual({ admitted: false, retryAfter: openFor });
  });

  it('is reset by a success in between, and by nothing that counts neither way', async () => {
    await work(join(), 'failure');
    await work(join(), 'failure');
    await work(join(), 'ignored');
    expect(await state()).toMatchObject({ failures: 2 });
    await work(join(), 'success');
    expect(await state()).toMatchObject({ failures: 0 });
  });

  it('costs a healthy process one read and no write', async () => {
    const circuit = join();
    for (let call = 0; call < 50; call++) await work(circuit, 'success');
    expect(store.calls.map(({ operation }) => operation)).toEqual(['get']);
  });

  it('serves from what it read for three seconds, and then reads again', async () => {
    const circuit = join();
    await work(circuit, 'success');
    await open();
    expect((await circuit.enter()).admitted).toBe(true);
    await clock.advance('3s');
    expect((await circuit.enter()).admitted).toBe(false);
    store.calls.length = 0;
    expect((await circuit.enter()).admitted).toBe(false);
    expect(store.calls).toEqual([]);
  });

  it('gives one probe to all processes together, and closes by its success', async () => {
    await open();
    await clock.advance(openFor);
    const entered = await clock.runUntil(Promise.all(Array.from({ length: 8 }, () => join().enter())));
    expect(entered.filter((admission) => admission.admitted)).toHaveLength(1);
    const [probe] = entered.filter((admission) => admission.admitted);
    await clock.runUntil(join().leave(probe as Admission & { admitted: true }, 'success'));
    expect(await state()).toMatchObject({ state: 'closed', failures: 0 });
  });

  it('takes a probe whose process died for failed when its lease has ended', async () => {
    await open();
    await clock.advance(openFor);
    await admitted(join());
    await clock.advance(minute);
    expect(await join().enter()).toEqual({ admitted: false, retryAfter: openFor });
  });

  it('gives a probe’s place back when its work says nothing', async () => {
    await open();
    await clock.advance(openFor);
    await work(join(), 'ignored');
    expect((await clock.runUntil(join().enter())).admitted).toBe(true);
  });

  it('counts the end of a run that died, and lets itself be told that all is well', async () => {
    const circuit = join();
    for (let death = 0; death < 3; death++) await clock.runUntil(circuit.count('failure'));
    expect(await state()).toMatchObject({ state: 'open' });
    await clock.runUntil(circuit.ready());
    expect(await state()).toMatchObject({ state: 'half-open' });
    await clock.runUntil(circuit.isolate());
    expect(await join().enter()).toEqual({ admitted: false, retryAfter: undefined });
    await clock.runUntil(circuit.reset());
    expect(await circuit.snapshot()).toMatchObject({ state: 'closed' });
  });

  it('counts here, where that is wanted, and writes changes of state alone', async () => {
    const circuit = join({ counted: 'here' });
    await work(circuit, 'failure');
    await work(circuit, 'failure');
    await work(circuit, 'success');
    await work(circuit, 'failure');
    await work(circuit, 'failure');
    expect(puts()).toBe(0);
    await work(circuit, 'failure');
    expect(puts()).toBe(1);
    expect(await join({ counted: 'here' }).enter()).toMatchObject({ admitted: false });
  });

  it('keeps how far the open time has grown', async () => {
    const growth = { factor: 2, cap: 4 * openFor, jitter: 0, quiet: openFor };
    for (let failure = 0; failure < 3; failure++) await work(join({ growth }), 'failure');
    await clock.advance(openFor);
    await work(join({ growth }), 'failure');
    expect(await join({ growth }).enter()).toEqual({ admitted: false, retryAfter: 2 * openFor });
  });

  describe('when an answer of the store is lost', () => {
    /** The store, whose puts land but are answered by an error as often as said. */
    const losing = (answers: number): Store => ({
      collection: (definition) => {
        const records = store.collection(definition);
        return {
          ...records,
          async put(...given) {
            const result = await records.put(...given);
            if (answers-- > 0) throw new Error('the answer was lost');
            return result;
          },
        };
      },
    });

    it('counts a failure once', async () => {
      await work(join({}, losing(1)), 'failure');
      expect(await state()).toMatchObject({ failures: 1 });
    });

    it('adopts its own probe', async () => {
      await open();
      await clock.advance(openFor);
      const admission = await admitted(join({}, losing(1)));
      expect(admission).toMatchObject({ away: false, ticket: { probe: 0 } });
      expect((await state())?.probes).toHaveLength(1);
    });

    it('does not count again, when the store is back, what had landed after all', async () => {
      const going: Store = {
        collection: (definition) => {
          const records = store.collection(definition);
          return {
            ...records,
            async put(...given) {
              await records.put(...given);
              store.fail();
              throw new Error('the answer was lost');
            },
          };
        },
      };
      const circuit = join({}, going);
      await work(circuit, 'failure');
      expect(circuit.degraded).toBe(true);
      store.recover();
      await clock.advance('10s');
      await work(circuit, 'ignored');
      expect(circuit.degraded).toBe(false);
      expect(await state()).toMatchObject({ failures: 1 });
    });
  });

  describe('of which so many writes are too many', () => {
    const sparing = { writeEvery: 1_000, trip: consecutiveFailures(100) };

    it('writes the first at once, then as often as it may, and forgets nothing', async () => {
      const [one, two] = [join(sparing), join(sparing)];
      for (let failure = 0; failure < 5; failure++) {
        await work(one, 'failure');
        await work(two, 'failure');
      }
      expect(await state()).toMatchObject({ failures: 10 });
      for (let failure = 0; failure < 10; failure++) {
        await work(one, 'failure');
        await work(two, 'failure');
      }
      expect(puts()).toBe(10);
      expect(await state()).toMatchObject({ failures: 10 });
      await clock.advance('1m');
      expect(await state()).toMatchObject({ failures: 30 });
      // Each of the two has gathered its own.
      expect(puts()).toBe(12);
      expect(clock.pendingTimers).toBe(0);
    });

    it('says at once how a probe ended, also if others must end before it closes', async () => {
      const rules = { trip: consecutiveFailures(10), openFor: 100, probes: 2, successes: 2 };
      const circuit = join({ writeEvery: 1_000, ...rules });
      for (let failure = 0; failure < 10; failure++) await work(circuit, 'failure');
      await clock.advance(100);
      await work(circuit, 'success');
      expect(await state()).toMatchObject({ state: 'half-open', successes: 1, probes: [] });
      expect(clock.pendingTimers).toBe(0);
    });

    it('opens at once all the same', async () => {
      const circuit = join({ ...sparing, trip: consecutiveFailures(3) });
      for (let call = 0; call < 20; call++) await work(circuit, call % 2 === 0 ? 'failure' : 'success');
      const before = puts();
      for (let failure = 0; failure < 2; failure++) await work(circuit, 'failure');
      expect(puts()).toBe(before);
      await work(circuit, 'failure');
      expect(await state()).toMatchObject({ state: 'open', failures: 3 });
      expect(clock.pendingTimers).toBe(0);
    });

    it('does not let a late end of another epoch count', async () => {
      const circuit = join({ ...sparing, trip: consecutiveFailures(3) });
      const late = await admitted(circuit);
      for (let failure = 0; failure < 3; failure++) await work(circuit, 'failure');
      await clock.advance(openFor);
      await work(circuit, 'success');
      await clock.runUntil(circuit.leave(late, 'failure'));
      await clock.advance('1m');
      expect(await state()).toMatchObject({ state: 'closed', failures: 0 });
    });

    it('counts once what was gathered, though the answer to its write was lost', async () => {
      let losing = false;
      const on: Store = {
        collection: (definition) => {
          const records = store.collection(definition);
          return {
            ...records,
            async put(...given) {
              const result = await records.put(...given);
              if (!losing) return result;
              losing = false;
              throw new Error('the answer was lost');
            },
          };
        },
      };
      const circuit = join(sparing, on);
      for (let failure = 0; failure < 60; failure++) await work(circuit, 'failure');
      expect(await state()).toMatchObject({ failures: 10 });
      losing = true;
      await clock.advance('1m');
      expect(losing).toBe(false);
      expect(await state()).toMatchObject({ failures: 60 });
    });

    it('comes to the same, for one process, as if each were written at once', async () => {
      const step = fc.tuple(
        fc.constantFrom('success' as const, 'failure' as const, 'ignored' as const),
        fc.constantFrom(0, 10, 400, 2_000),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
          clock = new VirtualClock();
          const stores = [new FakeStore({ clock }), new FakeStore({ clock })] as const;
          const [each, gathered] = [join({}, stores[0]), join({ writeEvery: 1_000 }, stores[1])];
          for (const [outcome, wait] of steps) {
            const admissions = [await each.enter(), await gathered.enter()] as const;
            expect(admissions[1].admitted).toBe(admissions[0].admitted);
            if (admissions[0].admitted) await each.leave(admissions[0], outcome);
            if (admissions[1].admitted) await gathered.leave(admissions[1], outcome);
            await clock.advance(wait);
          }
          await clock.advance('1m');
          const { openedAt: _, openUntil: __, ...expected } = (await each.snapshot()) ?? {};
          expect((await gathered.snapshot()) ?? {}).toMatchObject(expected);
        }),
        { numRuns: 50 },
      );
    });
  });

  describe('while the store is away', () => {
    it('stays open where it was last seen open, and says that it is degraded', async () => {
      await open();
      const circuit = join();
      await clock.runUntil(circuit.enter());
      store.fail();
      await clock.advance('1m');
      expect(await circuit.enter()).toMatchObject({ admitted: false });
      expect(circuit.degraded).toBe(true);
      expect(events.at(-1)).toMatchObject({ kind: 'degraded', key: 'odds-api' });
      expect(events.filter(({ kind }) => kind === 'degraded')).toHaveLength(1);
    });

    it('admits where nothing was seen of it: the work has bounds of its own', async () => {
      store.fail();
      expect(await join().enter()).toMatchObject({ admitted: true, away: true });
    });

    it('lets each process probe at most once in an open time', async () => {
      await open();
      const circuit = join();
      await clock.runUntil(circuit.enter());
      store.fail();
      let probes = 0;
      for (let look = 0; look < 180; look++) {
        await clock.advance('1m');
        const admission = await clock.runUntil(circuit.enter());
        if (!admission.admitted) continue;
        probes++;
        await clock.runUntil(circuit.leave(admission, look % 2 === 0 ? 'failure' : 'ignored'));
      }
      expect(probes).toBeGreaterThanOrEqual(3);
      expect(probes).toBeLessThanOrEqual(6);
    });

    it('counts here, and merges into the store when that is back', async () => {
      const circuit = join();
      await work(circuit, 'failure');
      store.fail();
      await clock.advance('5s');
      await work(circuit, 'failure');
      await work(circuit, 'failure');
      expect(await circuit.enter()).toMatchObject({ admitted: false });
      store.recover();
      expect(await state()).toMatchObject({ state: 'closed', failures: 1 });
      await clock.advance('10s');
      await clock.runUntil(circuit.enter());
      expect(await state()).toMatchObject({ state: 'open' });
      expect(events.map(({ kind }) => kind)).toEqual(['degraded', 'restored', 'moved']);
      expect(circuit.degraded).toBe(false);
    });

    it('asks a store that hangs once in ten seconds, not with every call', async () => {
      const circuit = join();
      store.hang();
      await clock.runUntil(circuit.enter());
      const before = clock.now();
      for (let call = 0; call < 20; call++) await clock.runUntil(circuit.enter());
      expect(clock.now()).toBe(before);
      expect(clock.pendingTimers).toBe(0);
    });
  });

  it('is what one machine would have been, whatever the processes do and whatever answers are lost', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('enter' as const), client: fc.nat(2) }),
      fc.record({
        kind: fc.constant('leave' as const),
        client: fc.nat(2),
        outcome: fc.constantFrom('success' as const, 'failure' as const, 'ignored' as const),
      }),
      fc.record({ kind: fc.constant('wait' as const), by: fc.integer({ min: 1, max: 20 * minute }) }),
      fc.record({ kind: fc.constant('lose' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        clock = new VirtualClock();
        store = new FakeStore({ clock });
        let losing = 0;
        const on: Store = {
          collection: (definition) => {
            const records = store.collection(definition);
            return {
              ...records,
              async put(...given) {
                const result = await records.put(...given);
                if (losing-- > 0) throw new Error('the answer was lost');
                losing = Math.max(0, losing);
                return result;
              },
            };
          },
        };
        const circuits = [0, 1, 2].map(() => join({ cacheFor: 0 }, on));
        const inside: (Admission & { readonly admitted: true })[][] = [[], [], []];
        for (const next of steps) {
          if (next.kind === 'wait') await clock.advance(next.by);
          else if (next.kind === 'lose') losing = 1;
          else if (next.kind === 'enter') {
            const admission = await clock.runUntil((circuits[next.client] as Circuit).enter());
            if (admission.admitted) inside[next.client]?.push(admission);
          } else {
            const admission = inside[next.client]?.shift();
            if (admission)
              await clock.runUntil((circuits[next.client] as Circuit).leave(admission, next.outcome));
          }
          const record = await state();
          expect(record?.probes.length ?? 0).toBeLessThanOrEqual(1);
          if (record?.state === 'open') expect(record.openUntil).not.toBeNull();
          if (record?.state === 'closed') expect(record.failures).toBeLessThan(3);
        }
        expect(circuits.some(({ degraded }) => degraded)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});
