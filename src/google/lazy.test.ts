import { describe, expect, it } from 'vitest';
import { Lazy } from './lazy.ts';

describe('a client that is made when it is first used', () => {
  it('is made once, for all who ask', async () => {
    let made = 0;
    const lazy = new Lazy('bigquery', async () => ++made);
    expect(await Promise.all([lazy.get(), lazy.get()])).toEqual([1, 1]);
    expect(await lazy.get()).toBe(1);
  });

  it('is replaced when it could not be made', async () => {
    let tries = 0;
    const lazy = new Lazy('bigquery', async () => {
      tries += 1;
      if (tries === 1) throw new Error('no such package');
      return tries;
    });
    await expect(lazy.get()).rejects.toThrow('no such package');
    expect(await lazy.get()).toBe(2);
  });

  it('is made no more once it is closed, and given once to whoever closes it', async () => {
    let made = 0;
    const lazy = new Lazy('bigquery', async () => ++made);
    await lazy.get();
    expect(await lazy.close()).toBe(1);
    expect(await lazy.close()).toBeUndefined();
    await expect(lazy.get()).rejects.toMatchObject({
      service: 'bigquery',
      kind: 'permanent',
      code: 'closed',
    });
    expect(made).toBe(1);
  });

  it('closes though it was never made, or could not be', async () => {
    expect(await new Lazy('storage', async () => 1).close()).toBeUndefined();
    const failing = new Lazy('storage', async () => {
      throw new Error('no');
    });
    const asked = failing.get();
    expect(await failing.close()).toBeUndefined();
    await expect(asked).rejects.toThrow('no');
  });
});
