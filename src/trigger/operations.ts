import type { Context } from '../context/index.ts';
import { StoreUnavailableError } from '../errors/index.ts';
import { cancelWork, updateWork } from '../processor/index.ts';
import {
  type ControlRecord,
  controlRecords,
  isPause,
  type ParkedWork,
  retention,
  workRecords,
} from '../store/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';
import { withBoundedStore } from './bounded-store.ts';
import { entriesOf } from './entries.ts';

/** A run that waits. Times are milliseconds of the store's clock. */
export interface ParkedRun {
  readonly key: string;
  readonly processor: string;
  readonly date: string;
  readonly reason: string;
  readonly missing: readonly string[];
  readonly attempts: number;
  readonly since: number;
  readonly nextLook: number;
  readonly giveUpAt: number;
  readonly detail: string | null;
}

export interface PausedProcessor {
  readonly processor: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

/** What an operator can do; all of it is in the store, so that it holds in every process. */
export interface Operations {
  /** What is parked, that which is due first first. */
  parked(call?: OperationCall): Promise<readonly ParkedRun[]>;
  /** Has the next sweep start a parked run; the run asks its checks itself. False if the key is not parked. */
  start(key: string, call?: OperationCall): Promise<boolean>;
  /**
   * Drops a parked run, and stops one at work: it hears of it within fifteen seconds. Tells what there was. Once this has resolved,
   * nothing that was asked of the key before is started again, however a run at work ends; a trigger that comes later counts. After
   * an error nobody knows whether the key is cancelled: call again.
   */
  cancel(key: string, call?: OperationCall): Promise<'parked' | 'running' | 'nothing'>;
  /** Gives a parked run so much longer to wait for its upstream until it is given up. False if the key is not parked. */
  extend(key: string, by: Duration, call?: OperationCall): Promise<boolean>;
  /** From now on the processor's runs are parked; those at work go on. */
  pause(processor: string, reason: string, call?: OperationCall): Promise<void>;
  /** What was parked meanwhile is started by the next sweep. False if it was not paused. */
  resume(processor: string, call?: OperationCall): Promise<boolean>;
  paused(call?: OperationCall): Promise<readonly PausedProcessor[]>;
}

export interface OperationCall {
  readonly signal?: AbortSignal | undefined;
}

const mostTries = 20;

export function createOperations(context: Context): Operations {
  const { store, clock } = withBoundedStore(context);
  const work = store.collection(workRecords);
  const controls = store.collection(controlRecords);

  /** Changes what is parked, where nobody is at work on it. */
  const changeParked = (
    key: string,
    change: (parked: ParkedWork, time: number) => ParkedWork,
    { signal }: OperationCall,
  ) =>
    updateWork(
      store,
      key,
      (record, time) =>
        record.parked === null || record.lease !== null
          ? undefined
          : { ...record, parked: change(record.parked, time) },
      signal,
    );

  /** Changes what is said of a processor; false where there is nothing to change. */
  async function changeControl(
    processor: string,
    change: (isPaused: boolean) => ControlRecord | undefined,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < mostTries; attempt++) {
      const { entry, time } = await controls.get(processor, { signal });
      const next = change(isPause(entry));
      if (next === undefined) return false;
      const expires = time + (next.paused === null ? retention.resumed : retention.controls);
      if ((await controls.put(processor, next, { ifVersion: entry?.version, expires, signal })).ok)
        return true;
    }
    throw new StoreUnavailableError(`What is said of ${processor} kept changing`);
  }

  return {
    async parked({ signal } = {}) {
      const found: ParkedRun[] = [];
      for await (const { entry } of entriesOf(work, { dueBefore: Number.MAX_SAFE_INTEGER, signal })) {
        if (!entry.readable || entry.value.parked === null || entry.value.lease !== null) continue;
        const { key, processor, date, parked } = entry.value;
        const { reason, missing, attempts, since, nextLook, giveUpAt, detail } = parked;
        found.push({
          key,
          processor,
          date,
          reason,
          missing,
          attempts,
          since,
          nextLook,
          giveUpAt,
          detail,
        });
      }
      return found;
    },
    start: (key, call = {}) =>
      changeParked(key, (parked, time) => ({ ...parked, wake: 'time', nextLook: time }), call),
    cancel: (key, { signal } = {}) => cancelWork(store, key, signal),
    extend(key, by, call = {}) {
      const longer = milliseconds('extend.by', by);
      return changeParked(key, (parked) => ({ ...parked, giveUpAt: parked.giveUpAt + longer }), call);
    },
    async pause(processor, reason, { signal } = {}) {
      const paused = { reason, at: new Date(clock.wallNow()).toISOString() };
      await changeControl(processor, () => ({ processor, paused }), signal);
    },
    resume: (processor, { signal } = {}) =>
      changeControl(processor, (isPaused) => (isPaused ? { processor, paused: null } : undefined), signal),
    async paused({ signal } = {}) {
      const found: PausedProcessor[] = [];
      for await (const { entry } of entriesOf(controls, { signal })) {
        if (!isPause(entry)) continue;
        const pause = entry.readable ? entry.value.paused : null;
        found.push({ processor: entry.key, reason: 'unknown', at: 'unknown', ...pause });
      }
      return found;
    },
  };
}
