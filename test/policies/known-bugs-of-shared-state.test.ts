import { beforeEach, describe, expect, it } from 'vitest';
import { type Admission, consecutiveFailures, sharedCircuit } from '../../src/circuit/index.ts';
import { circuitRecords, circuitStore } from '../../src/store/index.ts';
import { FakeStore } from '../../src/testing/fake-store.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

// None of the libraries beside ours in the benchmark shares a circuit between processes; these are bugs of those that do.

describe('state that other libraries share between processes', () => {
  let clock: VirtualClock;
  let store: FakeStore;

  beforeEach(() => {
    clock = new VirtualClock();
    store = new FakeStore({ clock });
  });

  /** The circuit as a process has it, whose own clock may be another than the store's. */
  const join = (client: string, own = clock) =>
    sharedCircuit({
      store: circuitStore(store),
      key: 'odds',
      client,
      clock: own,
      trip: consecutiveFailures(3),
      openFor: 600_000,
      probes: 1,
      successes: 1,
      probeTimeout: 60_000,
      cacheFor: 0,
    });
  type Circuit = ReturnType<typeof join>;
  const admitted = async (circuit: Circuit): Promise<Admission & { readonly admitted: true }> => {
    const admission = await circuit.enter();
    if (!admission.admitted) throw new Error(`rejected for ${admission.retryAfter} ms`);
    return admission;
  };
  const fail = async (circuit: Circuit) => circuit.leave(await admitted(circuit), 'failure');
  const record = async () => {
    const { entry } = await store.collection(circuitRecords).get('odds');
    return entry?.readable ? entry.value : undefined;
  };
  const open = async () => {
    for (let failure = 0; failure < 3; failure++) await fail(join(`opener-${failure}`));
  };

  it('is read before it is locked: of two failures at once one is lost', async () => {
    const [one, other] = [join('one'), join('other')];
    const admissions = await Promise.all([admitted(one), admitted(other)]);
    await Promise.all([one.leave(admissions[0], 'failure'), other.leave(admissions[1], 'failure')]);
    expect(await record()).toMatchObject({ state: 'closed', failures: 2 });
    await fail(one);
    expect(await record()).toMatchObject({ state: 'open', failures: 3 });
  });

  it('stays locked for as long as the work of one takes', async () => {
    const [one, other] = [join('one'), join('other')];
    const slow = await admitted(one);
    for (let call = 0; call < 3; call++) await other.leave(await admitted(other), 'success');
    await clock.advance('1h');
    await one.leave(slow, 'failure');
    expect(await record()).toMatchObject({ state: 'closed', failures: 1 });
  });

  it('is judged expired by the clock of another machine', async () => {
    await open();
    // Its wall is a day ahead, and its monotonic clock has another start.
    const ahead = new VirtualClock({ wall: '2026-01-17T09:00:00Z' });
    await ahead.advance('3h');
    const other = join('other', ahead);
    expect(await other.enter()).toMatchObject({ admitted: false, retryAfter: 600_000 });
    await clock.advance('10m');
    const one = join('one');
    const probe = await admitted(one);
    // The probe has its minute.
    expect(await other.enter()).toMatchObject({ admitted: false, retryAfter: 60_000 });
    await one.leave(probe, 'success');
    expect(await record()).toMatchObject({ state: 'closed' });
  });

  it('is written by one whose lease has ended, as nothing fences it', async () => {
    await open();
    await clock.advance('10m');
    const one = join('one');
    const late = await admitted(one);
    // Taken for dead: its probe has failed.
    await clock.advance('1m');
    const other = join('other');
    expect(await other.enter()).toMatchObject({ admitted: false });
    expect(await record()).toMatchObject({ state: 'open' });
    await one.leave(late, 'success');
    expect(await record()).toMatchObject({ state: 'open' });
    // Nor may it close what a later probe is looking into.
    await clock.advance('10m');
    const probe = await admitted(other);
    await one.leave(late, 'success');
    expect(await record()).toMatchObject({ state: 'half-open', probes: [{ holder: expect.any(String) }] });
    await other.leave(probe, 'success');
    expect(await record()).toMatchObject({ state: 'closed' });
  });
});
