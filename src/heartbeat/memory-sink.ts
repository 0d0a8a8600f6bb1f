import type { Clock } from '../time/index.ts';
import type { Beat } from './beat.ts';
import type { HeartbeatSink } from './sink.ts';

/** A sink in this process's memory. */
export function memorySink({
  clock,
  name = 'memory',
}: {
  readonly clock: Clock;
  readonly name?: string | undefined;
}): HeartbeatSink {
  const beats = new Map<string, Beat>();
  const prune = () => {
    const now = clock.wallNow();
    for (const [runId, { expires }] of beats) if (Date.parse(expires) <= now) beats.delete(runId);
  };
  return {
    name,
    async write(beat, { signal }) {
      signal.throwIfAborted();
      prune();
      const known = beats.get(beat.runId);
      if (known === undefined || known.sequence < beat.sequence) beats.set(beat.runId, beat);
    },
    async read({ signal }) {
      signal.throwIfAborted();
      prune();
      return [...beats.values()];
    },
  };
}
