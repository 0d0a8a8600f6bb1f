import type { WorkRecord } from './work-record.ts';

const day = 86_400_000;

/** How long records are kept, in milliseconds. Everything in the store has an end. */
export const retention = {
  /** Run records. */
  runs: 30 * day,
  /** Circuits, from their last change. */
  circuits: 30 * day,
  /** What operators have said of processors. */
  controls: 400 * day,
  /** That a pause is over. */
  resumed: 7 * day,
  /** The longest that anything is parked without a give-up time of its own. */
  parkedAtMost: 7 * day,
  /**
   * When a work record may go: fences are kept at least seven days from the last change, and what is parked or at work never
   * goes before its own end has been dealt with.
   */
  workExpires(record: WorkRecord, storeTime: number): number {
    const pending = Math.max(storeTime, record.lease?.until ?? 0, record.parked?.giveUpAt ?? 0);
    return pending + 7 * day;
  },
} as const;
