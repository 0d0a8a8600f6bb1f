import { describe, expect, it } from 'vitest';
import { Lazy } from './lazy.ts';

describe('a client that is made when it is first used', () => {
  it('is made once, for all who ask', async () => {
    let made = 0;
    const lazy = new Lazy(async () => ++made);
    expect(await Promise.all([lazy.get(), lazy.get()])).toEqual([1, 1]);
    expect(await lazy.get()).toBe(1);
  });

  it('is replaced when it could not be made', async () => {
    let tries = 0;
    const lazy = new Lazy(async () => {
      tries += 1;
      if (tries === 1) throw new Error('no such package');
      return tries;
    });
    await expect(lazy.get()).rejects.toThrow('no such package');
    expect(await lazy.get()).toBe(2);
  });

  it('is another one after it was forgotten', async () => {
    let made = 0;
    const lazy = new Lazy(async () => ++made);
    await lazy.get();
    lazy.forget();
    expect(lazy.made).toBeUndefined();
    expect(await lazy.get()).toBe(2);
  });
});
