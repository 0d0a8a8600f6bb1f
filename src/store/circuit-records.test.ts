import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { consecutiveFailures, newCircuit, transition } from '../circuit/index.ts';
import { StoreUnavailableError } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import { circuitRecords, circuitStore } from './circuit-records.ts';
import { memoryStore } from './memory-store.ts';
import { retention } from './retention.ts';

describe('circuits in a store', () => {
  const settings = {
    trip: consecutiveFailures(1),
    openFor: 60_000,
    probes: 1,
    successes: 1,
    probeTimeout: 10_000,
  };
  const call = { signal: new AbortController().signal };
  const make = () => {
    const clock = new VirtualClock();
    const store = memoryStore({ clock });
    return { clock, store, circuits: circuitStore(store) };
  };

  it('are none before the first write, and come back as they were written', async () => {
    const { circuits, clock } = make();
    const read = await circuits.read('odds-api', call);
    expect(read).toEqual({ record: undefined, applied: [], version: undefined, time: clock.wallNow() });
    const ticket = { epoch: 0, probe: null };
    const opened = transition(
      settings,
      newCircuit(settings),
      { kind: 'leave', ticket, outcome: 'failure' },
      read.time,
    );
    expect(opened.record.state).toBe('open');
    expect(await circuits.write('odds-api', { record: opened.record, applied: ['a:1'] }, read, call)).toBe(
      true,
    );
    expect(await circuits.read('odds-api', call)).toMatchObject({
      record: opened.record,
      applied: ['a:1'],
    });
  });

  it('are read also where nothing tells what their rule counted', async () => {
    const { circuits, store, clock } = make();
    const { counts, ...old } = newCircuit(settings);
    expect(counts).toBe('consecutiveFailures');
    await store
      .collection(circuitRecords)
      .put('odds-api', { ...old, applied: [] }, { ifVersion: undefined, expires: clock.wallNow() + 1_000 });
    expect((await circuits.read('odds-api', call)).record).toEqual(old);
  });

  it('are written only over what was read', async () => {
    const { circuits } = make();
    const read = await circuits.read('odds-api', call);
    expect(await circuits.write('odds-api', { record: newCircuit(settings), applied: [] }, read, call)).toBe(
      true,
    );
    expect(await circuits.write('odds-api', { record: newCircuit(settings), applied: [] }, read, call)).toBe(
      false,
    );
  });

  it('are forgotten thirty days after their last change', async () => {
    const { circuits, clock } = make();
    const read = await circuits.read('odds-api', call);
    await circuits.write('odds-api', { record: newCircuit(settings), applied: [] }, read, call);
    await clock.advance(retention.circuits - 1);
    expect((await circuits.read('odds-api', call)).record).toBeDefined();
    await clock.advance(1);
    expect((await circuits.read('odds-api', call)).record).toBeUndefined();
  });

  it('count as not to be had when a newer release wrote them', async () => {
    const { circuits, store, clock } = make();
    const newer = store.collection({ name: 'circuits', version: 2, schema: z.string() });
    await newer.put('odds-api', 'in a new shape', { ifVersion: undefined, expires: clock.wallNow() + 1_000 });
    await expect(circuits.read('odds-api', call)).rejects.toThrow(StoreUnavailableError);
    await expect(circuits.read('odds-api', call)).rejects.toThrow(/odds-api can't be read \(unknown_version/);
  });
});
