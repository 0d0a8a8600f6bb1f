import type { WireTime } from './documents.ts';

/** Milliseconds, with their fraction. */
export function millisecondsOf({ seconds, nanos }: WireTime): number {
  return Number(seconds) * 1_000 + nanos / 1e6;
}

/** A time as text that compares equal only to itself. */
export function textOf({ seconds, nanos }: WireTime): string {
  return `${seconds}.${String(nanos).padStart(9, '0')}`;
}

// The last second of the year 9999: Firestore takes no later time.
const lastSecond = 253_402_300_799;

/** The field that a TTL policy looks at. */
export function expiryOf(milliseconds: number): WireTime {
  const clamped = Math.min(Math.max(milliseconds, 0), lastSecond * 1_000);
  return { seconds: String(Math.floor(clamped / 1_000)), nanos: Math.floor(clamped % 1_000) * 1e6 };
}
