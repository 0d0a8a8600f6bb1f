import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retention } from './retention.ts';
import type { WorkRecord } from './work-record.ts';

describe('retention of work records', () => {
  const day = 86_400_000;
  const record = (until: number | undefined, giveUpAt: number | undefined) =>
    ({
      lease: until === undefined ? null : { until },
      parked: giveUpAt === undefined ? null : { giveUpAt },
    }) as WorkRecord;
  const time = fc.integer({ min: 0, max: 1e13 });

  it('keeps fences at least seven days, and what is pending until it has been dealt with', () => {
    fc.assert(
      fc.property(time, fc.option(time), fc.option(time), (now, until, giveUpAt) => {
        const expires = retention.workExpires(record(until ?? undefined, giveUpAt ?? undefined), now);
        expect(expires).toBeGreaterThanOrEqual(now + 7 * day);
        expect(expires).toBeGreaterThanOrEqual((until ?? 0) + 7 * day);
        expect(expires).toBeGreaterThanOrEqual((giveUpAt ?? 0) + 7 * day);
      }),
    );
  });
});
