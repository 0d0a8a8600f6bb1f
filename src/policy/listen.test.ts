import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { transient } from '../../test/policies/operations.ts';
import { constant, type RetryEvent, retry } from './index.ts';
import { tell } from './listen.ts';

const wrong = new Error('listener');

function thenable(then: (resolve: unknown, reject: (error: unknown) => void) => void) {
  return { then };
}

describe('a listener', () => {
  const reported: unknown[] = [];
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  beforeEach(() => {
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
    process.on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('unhandledRejection', note);
    vi.unstubAllGlobals();
    reported.length = 0;
    unhandled.length = 0;
  });

  const throws = () => {
    throw wrong;
  };
  it.each<[string, (event: RetryEvent) => unknown]>([
    ['throws', throws],
    ['rejects', () => Promise.reject(wrong)],
    ['gives a thenable that rejects', () => thenable((_, reject) => reject(wrong))],
    ['gives a thenable that throws', () => thenable(throws)],
  ])('that %s is reported, and changes nothing', async (_, on) => {
    let calls = 0;
    const result = retry({ backoff: constant(0), on }).execute(async () => {
      calls += 1;
      if (calls === 1) throw transient();
      return calls;
    });
    await expect(result).resolves.toBe(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reported).toEqual([wrong]);
    expect(unhandled).toEqual([]);
  });

  it('that gives anything else is left alone', async () => {
    for (const given of [undefined, null, 7, {}, Promise.resolve(7)]) tell(() => given, 'event');
    await new Promise((resolve) => setImmediate(resolve));
    expect(reported).toEqual([]);
  });
});
