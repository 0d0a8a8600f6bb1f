import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { checkedRecord } from './check-record.ts';
import { consecutiveFailures, newCircuit } from './index.ts';

const settings = {
  trip: consecutiveFailures(1),
  openFor: 1_000,
  probes: 1,
  successes: 1,
  probeTimeout: 100,
};
const record = newCircuit(settings);

describe('a record from who knows where', () => {
  it.each([
    ['state', 'half'],
    ['state', undefined],
    ['epoch', Number.NaN],
    ['epoch', -1],
    ['epoch', '1'],
    ['failures', 0.5],
    ['failures', null],
    ['nextProbe', Infinity],
    ['successes', undefined],
    ['trip', undefined],
    ['trip', Number.NaN],
    ['trip', () => 1],
    ['counts', 5],
    ['counts', null],
    ['openedAt', undefined],
    ['openedAt', Number.NaN],
    ['openUntil', Infinity],
    ['openUntil', '5'],
    ['growth', null],
    ['growth', 5],
    ['growth', {}],
    ['growth', { steps: 1 }],
    ['growth', { steps: 0.5, closedAt: 0 }],
    ['growth', { steps: 1, closedAt: Number.NaN }],
  ])('is refused for its %s: %o', (name, value) => {
    const check = () => checkedRecord('restore', { ...record, [name]: value } as never);
    expect(check).toThrow(ConfigurationError);
    expect(check).toThrow(`restore.${name} must be`);
  });

  it.each([undefined, null, 5, 'closed'])('is none at all: %o', (given) => {
    expect(() => checkedRecord('restore', given as never)).toThrow(
      "restore must be given a circuit's snapshot",
    );
  });

  it('is taken with all that is a record’s, but its probes, and with nothing else', () => {
    const probe = { id: 1, expires: 5 };
    const full = {
      ...record,
      state: 'half-open',
      growth: { steps: 2, closedAt: -5 },
      openedAt: -1,
      openUntil: 7.5,
      trip: { deep: [1, null, 'x', true] },
      successes: 3,
    } as const;
    expect(
      checkedRecord('restore', { ...full, probes: [probe], lingering: [probe], own: () => 1 } as never),
    ).toStrictEqual(full);
    const { counts: _, growth: __, ...old } = full;
    expect(checkedRecord('restore', old)).toEqual(old);
    expect('growth' in checkedRecord('restore', old)).toBe(false);
  });
});
