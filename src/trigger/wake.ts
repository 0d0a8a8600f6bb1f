import type { Context } from '../context/index.ts';
import { updateWork } from '../processor/index.ts';
import { type ParkedWork, retention, type WorkRecord, workRecords } from '../store/index.ts';
import { isTouchedBy } from '../upstream/index.ts';
import { entriesOf } from './entries.ts';
import type { Registry } from './registry.ts';

/** What has new rows. */
export interface Update {
  readonly table: string;
  /** `YYYY-MM-DD`; none stands for whichever. */
  readonly dates: readonly string[];
}

export interface WakeOptions {
  /** Whether what was given up is parked again, for another seven days. */
  readonly revive: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes what waits for a table due: at once, or when its next look is allowed. A run at work on it goes `again`.
 *
 * @returns How many keys were woken, and in how many milliseconds the last of them is due.
 */
export async function wake(
  context: Context,
  known: Registry,
  update: Update,
  { revive, signal }: WakeOptions,
): Promise<{ readonly woken: number; readonly dueIn: number }> {
  const { store, config } = context;
  let woken = 0;
  let dueIn = 0;
  // Only what is parked or at work has a due time; what was given up is found among all.
  const found = entriesOf(store.collection(workRecords), {
    dueBefore: revive ? undefined : Number.MAX_SAFE_INTEGER,
    signal,
  });
  for await (const { entry } of found) {
    if (!entry.readable || !waitsFor(known, entry.value, update)) continue;
    const change = (record: WorkRecord, time: number): WorkRecord | undefined => {
      const { parked: before } = record;
      const isLate = before !== null && before.giveUpAt <= time;
      // What is past its time and not yet given up has as long from now on as what is revived.
      const giveUpAt = time + retention.parkedAtMost;
      const parked = isLate && revive ? { ...before, giveUpAt } : before;
      if (record.lease !== null) {
        // What an operator has cancelled waits for nothing.
        if (record.lease.cancel) return undefined;
        if (record.lease.again && parked === before) return undefined;
        return { ...record, lease: { ...record.lease, again: true }, parked };
      }
      if (parked !== null) {
        // A failure's pause is kept.
        if (parked.wake === 'time') return parked === before ? undefined : { ...record, parked };
        const nextLook = Math.min(parked.nextLook, nextTurn(parked, time, config.parking.lookEvery));
        woken++;
        dueIn = Math.max(dueIn, nextLook - time);
        return { ...record, parked: { ...parked, nextLook, updated: true } };
      }
      if (record.gaveUp === null || !revive) return undefined;
      woken++;
      return { ...record, parked: revived(record.gaveUp.reason, time), gaveUp: null };
    };
    await updateWork(store, entry.key, change, signal);
  }
  return { woken, dueIn };
}

function waitsFor(known: Registry, record: WorkRecord, { table, dates }: Update): boolean {
  const processor = known.find(record.processor);
  if (processor === undefined || (record.lease ?? record.parked ?? record.gaveUp) === null) return false;
  try {
    return processor.upstream(record.options).some((check) => isTouchedBy(check, table, dates));
  } catch {
    // Options that an earlier release wrote: the sweep says so.
    return false;
  }
}

/** Never more than two looks an interval. */
function nextTurn({ looks }: ParkedWork, time: number, interval: number): number {
  const [first, second] = looks;
  return first === undefined || second === undefined ? time : Math.max(time, first + interval);
}

function revived(reason: string, time: number): ParkedWork {
  return {
    since: time,
    reason: 'revived',
    missing: [],
    attempts: 0,
    nextLook: time,
    giveUpAt: time + retention.parkedAtMost,
    wake: 'upstream',
    startAt: null,
    wasNotReady: false,
    updated: true,
    looks: [],
    detail: `given up (${reason}), then a table that it reads was updated`,
  };
}
