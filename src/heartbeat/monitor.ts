import { type Clock, withinTime } from '../time/index.ts';
import type { Beat } from './beat.ts';
import type { HeartbeatSink } from './sink.ts';

/** How a run that should be alive is: only running ones are judged. */
export type Health = 'healthy' | 'stale' | 'dead' | 'unknown' | 'ended';

export interface RunHealth {
  readonly health: Health;
  readonly beat: Beat;
  /** Milliseconds since the newest beat, by the monitor's wall clock. */
  readonly age: number;
}

export interface HealthReport {
  readonly runs: readonly RunHealth[];
  /** Sinks that could not be read, and why. */
  readonly unread: readonly { readonly sink: string; readonly error: unknown }[];
  /** No sink could be read: nothing is known, of any run. */
  readonly blind: boolean;
}

export interface MonitorOptions {
  readonly sinks: readonly HeartbeatSink[];
  readonly clock: Clock;
  /** Milliseconds. */
  readonly staleAfter: number;
  readonly deadAfter: number;
  /** The longest one sink may take, in milliseconds. Default: 5,000. */
  readonly timeout?: number | undefined;
}

/**
 * Reads every sink it can and judges each running run by its newest beat. A run is `dead` only if every sink was read: a
 * sink that is away may hold a newer beat, and then its health is `unknown`.
 */
export async function readHealth(options: MonitorOptions): Promise<HealthReport> {
  const { sinks, clock, staleAfter, deadAfter, timeout = 5_000 } = options;
  const reads = await Promise.allSettled(
    sinks.map((sink) =>
      withinTime(clock, timeout, `read of ${sink.name}`, (signal) => sink.read({ signal })),
    ),
  );
  const unread = reads.flatMap((read, index) =>
    read.status === 'rejected'
      ? [{ sink: (sinks[index] as HeartbeatSink).name, error: read.reason as unknown }]
      : [],
  );
  const newest = new Map<string, Beat>();
  for (const read of reads) {
    if (read.status === 'rejected') continue;
    for (const beat of read.value) {
      const known = newest.get(beat.runId);
      if (known === undefined || known.sequence < beat.sequence) newest.set(beat.runId, beat);
    }
  }
  const now = clock.wallNow();
  const runs = [...newest.values()].map((beat): RunHealth => {
    const age = now - Date.parse(beat.beat);
    const judged = age >= deadAfter ? 'dead' : age >= staleAfter ? 'stale' : 'healthy';
    const health =
      beat.status !== 'running' ? 'ended' : judged !== 'healthy' && unread.length > 0 ? 'unknown' : judged;
    return { health, beat, age };
  });
  return { runs, unread, blind: sinks.length > 0 && unread.length === sinks.length };
}
