import { describe, expect, it } from 'vitest';
import { config } from '../context/index.ts';
import type { RunResult } from '../processor/index.ts';
import { pauseBefore, settlementOf } from './parking.ts';

const minute = 60_000;
const settings = config({ parking: { lookEvery: minute, attempts: 4, giveUpAfter: 36 * 60 * minute } });
const error = new Error('what went wrong');

function settle(outcome: object, attempt = 1, chance = 0) {
  const result = {
    runId: 'r',
    processor: 'P',
    key: 'k',
    date: '2026-01-15',
    startedAt: '2026-01-16T06:00:00Z',
    durationMs: 1,
    attempt,
    steps: [],
    stats: { rowsExtracted: 0, rowsWritten: 0 },
    ...outcome,
  } as unknown as RunResult;
  return settlementOf(result, settings, () => chance);
}

const skip = (reason: string, more: object = {}) => ({ status: 'skipped', reason, missing: [], ...more });
const failure = (errorKind: string, more: object = {}) => ({
  status: 'failed',
  reason: 'extract_failed',
  errorKind,
  error,
  ...more,
});

describe('what a run’s end leaves to be done', () => {
  it.each([
    ['a success', { status: 'succeeded', reason: 'done', again: false }],
    ['work that is done already', skip('already_done')],
    ['a day without games', skip('no_games')],
    ['a season that is over', skip('off_season')],
    ['a day too long ago', skip('too_historical')],
    ['a processor that says it is switched off', skip('disabled')],
    ['an operator’s cancel', { status: 'cancelled', reason: 'operator', error }],
  ])('is nothing after %s', (_, outcome) => {
    expect(settle(outcome)).toBe('clear');
  });

  it.each([
    ['a run that found another at work', skip('already_running')],
    ['a caller’s cancel', { status: 'cancelled', reason: 'caller', error }],
  ])('is what was parked before, after %s', (_, outcome) => {
    expect(settle(outcome)).toBe('keep');
  });

  it('is to wait for what is missing, which uses no attempt up', () => {
    expect(settle(skip('upstream_not_ready', { missing: ['6 of 8 games final'] }), 3)).toEqual({
      park: {
        reason: 'upstream_not_ready',
        wake: 'upstream',
        nextLookIn: minute,
        missing: ['6 of 8 games final'],
        attempts: 2,
        giveUpAfter: 36 * 60 * minute,
        detail: null,
      },
    });
  });

  it('is to look again after an interval where nobody could look', () => {
    expect(settle(skip('upstream_unknown', { error }))).toMatchObject({
      park: { wake: 'upstream', nextLookIn: minute, attempts: 0, detail: 'Error: what went wrong' },
    });
  });

  it('is to wait for an open circuit’s time, or for its checks to turn ready', () => {
    expect(settle(skip('circuit_open', { retryAfter: 20 * minute }))).toMatchObject({
      park: { wake: 'circuit', nextLookIn: minute, startIn: 20 * minute, attempts: 0 },
    });
    expect(settle(skip('circuit_open', { retryAfter: 5_000 }))).toMatchObject({
      park: { nextLookIn: 5_000, startIn: 5_000 },
    });
    // Isolated by hand: nobody knows until when.
    expect(settle(skip('circuit_open'))).toMatchObject({ park: { startIn: settings.circuit.openFor } });
  });

  it('is to start again at once after a shutdown, which is no attempt', () => {
    expect(settle({ status: 'cancelled', reason: 'shutdown', error }, 2)).toMatchObject({
      park: { reason: 'shutdown', wake: 'time', nextLookIn: 0, attempts: 1 },
    });
  });

  it.each(['transient', 'throttled', 'timeout', 'rejected', 'unknown'])(
    'is another attempt after a failure that may pass (%s)',
    (kind) => {
      expect(settle(failure(kind), 2)).toMatchObject({
        park: { reason: 'extract_failed', wake: 'time', attempts: 2, detail: 'Error: what went wrong' },
      });
    },
  );

  it('is another attempt after a time-out', () => {
    expect(settle({ status: 'timed_out', reason: 'deadline', error, workLeftRunning: false })).toMatchObject({
      park: { reason: 'deadline', wake: 'time', attempts: 1 },
    });
  });

  it('is another attempt after a claim that ended, where nobody has taken the key', () => {
    expect(settle(failure('permanent', { reason: 'lost_lease' }))).toMatchObject({
      park: { reason: 'lost_lease', wake: 'time', attempts: 1 },
    });
  });

  it('is nothing more after a failure that will not pass', () => {
    expect(settle(failure('permanent'))).toEqual({ giveUp: { reason: 'extract_failed' } });
  });

  it('is nothing more after the last attempt', () => {
    expect(settle(failure('transient'), 3)).toMatchObject({ park: { attempts: 3 } });
    expect(settle(failure('transient'), 4)).toEqual({ giveUp: { reason: 'gave_up' } });
    expect(settle({ status: 'timed_out', reason: 'deadline', error, workLeftRunning: true }, 4)).toEqual({
      giveUp: { reason: 'gave_up' },
    });
  });

  it('pauses longer after each failure, by chance between a half and the whole, and as long as it was asked to', () => {
    const pause = (attempt: number, chance: number, retryAfter?: number) => {
      const settled = settle(failure('transient', { retryAfter }), attempt, chance);
      return typeof settled === 'object' && 'park' in settled ? settled.park.nextLookIn : undefined;
    };
    expect(pause(1, 0)).toBe(minute / 2);
    expect(pause(1, 1)).toBe(minute);
    expect(pause(3, 0)).toBe(2 * minute);
    expect(pause(1, 0, 10 * minute)).toBe(10 * minute);
    expect(pauseBefore(20, settings)).toBe(30 * minute);
  });
});
