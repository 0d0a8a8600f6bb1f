import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neverDue } from '../../store/index.ts';
import { placeAfter, placeText } from './place.ts';

const due = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(neverDue));

describe('the place of a record in Firestore', () => {
  it('sorts as text as due time and key sort', () => {
    fc.assert(
      fc.property(due, due, fc.string(), fc.string(), (a, b, keyA, keyB) => {
        const order = placeText({ due: a, key: keyA }) < placeText({ due: b, key: keyB });
        expect(order).toBe(a < b || (a === b && keyA < keyB));
      }),
    );
  });

  it('lies below the end of a list exactly when it is due by then', () => {
    fc.assert(
      fc.property(due, due, fc.string(), (a, limit, key) => {
        expect(placeText({ due: a, key }) < placeAfter(limit)).toBe(a <= limit);
      }),
    );
  });
});
