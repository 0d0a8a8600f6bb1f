import { describe, expect, it } from 'vitest';
import { storageContract } from '../../test/contracts/storage-contract.ts';
import { TimeoutError } from '../errors/index.ts';
import { FakeStorage } from './fake-storage.ts';
import { VirtualClock } from './virtual-clock.ts';

storageContract('the fake storage', () => {
  const clock = new VirtualClock();
  const client = new FakeStorage({ clock });
  return { client, other: client, until: (call) => clock.runUntil(call) };
});

describe('the fake storage', () => {
  it('remembers its calls, and shows what it holds', async () => {
    const storage = new FakeStorage({ clock: new VirtualClock() });
    await storage.save('reports/a', 'text');
    await storage.list('reports/');
    expect(storage.textOf('reports/a')).toBe('text');
    expect(storage.textOf('reports/b')).toBeUndefined();
    expect(storage.calls).toEqual([
      { operation: 'save', path: 'reports/a' },
      { operation: 'list', path: 'reports/' },
    ]);
  });

  it('ends a call in its time while it hangs', async () => {
    const clock = new VirtualClock();
    const storage = new FakeStorage({ clock });
    storage.hang();
    const result = storage.save('a', 'x', { timeout: '2s' }).catch((error: unknown) => error);
    await clock.advance('2s');
    expect(await result).toBeInstanceOf(TimeoutError);
    storage.recover();
    await clock.advance('1m');
    expect(storage.textOf('a')).toBeUndefined();
  });
});
