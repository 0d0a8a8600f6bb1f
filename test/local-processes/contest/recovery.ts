import { type Context, config } from '../../../src/context/index.ts';
import { type Store, type WorkRecord, workRecords } from '../../../src/store/index.ts';
import { realClock } from '../../../src/time/index.ts';
import { recoverRun } from '../../../src/trigger/recover.ts';
import type { HistoryWriter } from './history.ts';

/**
 * Recovers the runs whose claims have ended, as a sweep does.
 *
 * @param state Where to look for them; `store` is the same with a history.
 */
export function recovery(state: Store, store: Store, history: HistoryWriter): () => Promise<void> {
  // As much of a context as recovery needs: no heartbeat is read, as no run sends one.
  const context = {
    store,
    clock: realClock,
    config: config({ parking: { attempts: 1_000_000 } }),
    heartbeats: { sinks: [] },
  } as unknown as Context;
  return async () => {
    const { entries, time } = await state.collection(workRecords).list({ limit: 10 });
    const dead = entries.flatMap((entry) => (entry.readable ? deadRunOf(entry.value, time) : []));
    for (const { key, runId } of dead) {
      await history.operation({ kind: 'recover', place: `work/${key}`, runId }, () =>
        recoverRun(context, { key, runId, reason: 'stale_heartbeat' }, new AbortController().signal),
      );
    }
  };
}

function deadRunOf({ key, lease }: WorkRecord, time: number) {
  return lease !== null && lease.until <= time ? [{ key, runId: lease.runId }] : [];
}
