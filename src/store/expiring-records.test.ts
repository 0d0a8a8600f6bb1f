import { describe, expect, it } from 'vitest';
import { ExpiringRecords } from './expiring-records.ts';

describe('expiring records', () => {
  const record = (expires: number) => ({
    json: '1',
    recordVersion: 1,
    version: '1',
    due: undefined,
    expires,
  });

  it('hold no more than what lives and a little, however many expire unread', () => {
    let now = 0;
    const records = new ExpiringRecords(() => now);
    let most = 0;
    for (let write = 0; write < 10_000; write++) {
      now++;
      records.set(`key ${write}`, record(now + 100));
      most = Math.max(most, records.size);
    }
    expect(most).toBeLessThan(250);
  });

  it('keep what lives while they drop what does not', () => {
    let now = 0;
    const records = new ExpiringRecords(() => now);
    records.set('long', record(1e9));
    for (let write = 0; write < 1_000; write++) {
      now++;
      records.set(`short ${write % 300}`, record(now + 1));
    }
    expect(records.get('long')).toBeDefined();
    expect(records.get('short 1')).toBeUndefined();
    expect(records.all().map(([key]) => key)).toContain('long');
  });
});
