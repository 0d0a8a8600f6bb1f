import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { flaky, transient } from '../../test/policies/operations.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { compose, constant, retry, timeout } from './index.ts';

describe('which outcomes a policy deals with', () => {
  let reported: MockInstance<typeof console.error>;
  beforeEach(() => {
    reported = vi.spyOn(console, 'error').mockImplementation(() => {});
  });
  afterEach(() => reported.mockRestore());

  it("is never the caller's own abort, whatever it is told", async () => {
    const handle = vi.fn(() => true);
    const policy = retry({ attempts: 3, backoff: constant(0), handle, clock: new VirtualClock() });
    const abort = new DOMException('stop', 'AbortError');
    const operation = flaky(9, () => abort);
    await expect(policy.execute(operation)).rejects.toBe(abort);
    expect(operation).toHaveBeenCalledTimes(1);
    expect(handle).not.toHaveBeenCalled();
  });

  it('is asked with the outcome as it would come out', async () => {
    const handle = vi.fn((_outcome: unknown) => false);
    const clock = new VirtualClock();
    const policy = compose(timeout({ after: '1s', clock }), retry({ handle, clock }));
    await policy.execute(() => 7);
    const error = transient();
    await policy.executeOutcome(() => Promise.reject(error));
    expect(handle.mock.calls).toEqual([[{ ok: true, value: 7 }], [{ ok: false, error, kind: 'transient' }]]);
  });

  it('is no value where nothing is said, and none is asked about', async () => {
    const clock = new VirtualClock();
    expect(await compose(timeout({ after: '1s', clock }), retry({ clock })).execute(() => 7)).toBe(7);
    expect(reported).not.toHaveBeenCalled();
  });

  it('is none of those where who is asked throws, which is reported', async () => {
    const fault = new Error('no idea');
    const handle = () => {
      throw fault;
    };
    const operation = flaky(1);
    await expect(retry({ handle, clock: new VirtualClock() }).execute(operation)).rejects.toThrow('away');
    expect(operation).toHaveBeenCalledTimes(1);
    expect(reported.mock.calls).toEqual([['A callback of a policy threw', fault]]);
  });
});
