import type { Clock } from '../time/index.ts';
import type { Beat } from './beat.ts';
import type { HeartbeatSink } from './sink.ts';

export interface MemorySinkOptions {
  readonly clock: Clock;
  /** Default: `memory`. */
  readonly name?: string | undefined;
  /** The most runs it holds; one more, and the run that was silent longest is forgotten. Default: 10,000. */
  readonly limit?: number | undefined;
}

/** A sink in this process's memory: what it holds ends with the process. */
export function memorySink({ clock, name = 'memory', limit = 10_000 }: MemorySinkOptions): HeartbeatSink {
  // In the order of their last beats, the oldest first.
  const beats = new Map<string, Beat>();
  const isOver = ({ expires }: Beat) => Date.parse(expires) <= clock.wallNow();
  return {
    name,
    async write(beat, { signal }) {
      signal.throwIfAborted();
      const known = beats.get(beat.runId);
      if (known !== undefined && known.sequence >= beat.sequence) return;
      beats.delete(beat.runId);
      beats.set(beat.runId, structuredClone(beat));
      for (const [runId, oldest] of beats) {
        if (beats.size <= limit && !isOver(oldest)) break;
        beats.delete(runId);
      }
    },
    async read({ signal }) {
      signal.throwIfAborted();
      return [...beats.values()].filter((beat) => !isOver(beat)).map((beat) => structuredClone(beat));
    },
  };
}
