import { describe, expect, it } from 'vitest';
import { CircuitOpenError, ConfigurationError } from '../errors/index.ts';
import { createTestContext } from '../testing/index.ts';
import { systemCircuit } from './system-circuit.ts';

describe('a system’s circuit', () => {
  function made() {
    const context = createTestContext();
    // Two processes: each has a circuit of its own on the store that they share.
    const [here, there] = [0, 1].map(() => systemCircuit(context, { name: 'moving_average' }));
    return { context, clock: context.clock, here: here!, there: there! };
  }
  const fails = () => Promise.reject(new Error('no model'));

  it('gives what the system gives', async () => {
    expect(await made().here.execute(() => 7)).toBe(7);
  });

  it('opens at the fifth failure in a row, of all processes together', async () => {
    const { clock, here, there } = made();
    for (const circuit of [here, there, here, there])
      await expect(circuit.execute(fails)).rejects.toThrow('no model');
    expect((await here.snapshot())?.state).toBe('closed');
    await expect(here.execute(fails)).rejects.toThrow('no model');
    // What was read serves for some seconds.
    await clock.advance('3s');
    let called = false;
    const call = there.execute(() => {
      called = true;
    });
    await expect(call).rejects.toThrow(CircuitOpenError);
    expect(called).toBe(false);
  });

  it('is closed again by two successes after half an hour', async () => {
    const { clock, here } = made();
    for (let call = 0; call < 5; call++) await expect(here.execute(fails)).rejects.toThrow('no model');
    await clock.advance('29m');
    await expect(here.execute(() => 1)).rejects.toThrow(CircuitOpenError);
    await clock.advance('1m');
    await here.execute(() => 1);
    expect((await here.snapshot())?.state).toBe('half-open');
    await here.execute(() => 1);
    expect((await here.snapshot())?.state).toBe('closed');
  });

  it('does not count what the caller cancelled', async () => {
    const { here } = made();
    const cancelled = new DOMException('stop', 'AbortError');
    for (let call = 0; call < 9; call++)
      await expect(here.execute(() => Promise.reject(cancelled))).rejects.toBe(cancelled);
    expect((await here.snapshot())?.failures ?? 0).toBe(0);
  });

  it('refuses a name that is none', () => {
    const { context } = made();
    expect(() => systemCircuit(context, { name: 'a/b' })).toThrow(ConfigurationError);
    expect(() => systemCircuit(context, { name: 'a', successes: 0 })).toThrow(/systemCircuit.successes/);
  });
});
