import { neverDue, type Place } from '../../store/index.ts';

/**
 * A record's place in a list as one text, which sorts as due time and then key do. One field with the index that Firestore makes
 * by itself: nobody has to deploy a composite one.
 */
export function placeText({ due, key }: Place): string {
  return sortable(due) + key;
}

/** The text below which all records lie that are due at or before this time. */
export function placeAfter(due: number): string {
  return hex(bits(Math.min(due, neverDue)) + 1n);
}

const mask = 0xffff_ffff_ffff_ffffn;

function sortable(due: number): string {
  return hex(bits(due));
}

/** The double's bits, so that they compare as the numbers do (IEEE 754: flip the sign, or everything below zero). */
function bits(due: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  // Two zeros are one time.
  view.setFloat64(0, due === 0 ? 0 : due);
  const raw = view.getBigUint64(0);
  return raw >> 63n === 0n ? raw | (1n << 63n) : ~raw & mask;
}

function hex(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}
