import type { Context } from '../context/index.ts';
import { readHealth } from '../heartbeat/index.ts';
import type { WorkRecord } from '../store/index.ts';

/**
 * Finds, among runs at work, those that the monitor calls dead: their claims last longer than their silence. Heartbeats are read
 * only when a run is old enough to be dead, and three times in that time at most: sinks may be slow, and cost something.
 */
export function silentRuns({ heartbeats, clock, config }: Context) {
  const { staleAfter, deadAfter } = config.heartbeat;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async (atWork: readonly WorkRecord[]): Promise<readonly WorkRecord[]> => {
    // By the clock of who started it, which only says whether a look is worth while.
    const isOld = ({ lease }: WorkRecord) =>
      lease !== null && clock.wallNow() - Date.parse(lease.startedAt) >= deadAfter;
    if (clock.now() - lookedAt < deadAfter / 3 || !atWork.some(isOld)) return [];
    lookedAt = clock.now();
    const { runs } = await readHealth({ sinks: heartbeats.sinks, clock, staleAfter, deadAfter });
    const dead = new Map(
      runs.flatMap(({ health, beat }) => (health === 'dead' ? [[beat.runId, beat.fence] as const] : [])),
    );
    return atWork.filter(({ lease, fence }) => lease !== null && dead.get(lease.runId) === fence);
  };
}
