import type { Beat } from './beat.ts';

/** Where beats are kept: one record a live run, replaced by a newer sequence only. */
export interface HeartbeatSink {
  /** Such as `firestore`, `cloud_logging`, `cloud_storage`, `memory`, `file`. */
  readonly name: string;
  /**
   * Keeps the beat unless one of the same run with a sequence as high is there already. A write may land long after its
   * caller gave it up, so a late one must change nothing.
   */
  write(beat: Beat, call: SinkCall): Promise<void>;
  /** The newest beat of every run that has not expired. */
  read(call: SinkRead): Promise<readonly Beat[]>;
}

export interface SinkCall {
  readonly signal: AbortSignal;
}

export interface SinkRead extends SinkCall {
  /** Is told of each record that is there but can't be read; the others are read all the same. */
  readonly unreadable?: ((record: UnreadableBeat) => void) | undefined;
}

/** A record that should hold a beat and does not. */
export interface UnreadableBeat {
  /** What the sink calls the record, such as a file's name. */
  readonly record: string;
  /** The run whose beat it holds, where the record's name tells. */
  readonly runId: string | undefined;
  readonly error: unknown;
}

/** What a run beats into: a chain of sinks, tried in order. */
export interface Heartbeats {
  readonly sinks: readonly HeartbeatSink[];
  /**
   * Sends a beat to the first sink that takes it. Never throws: a beat that no sink took is counted and logged. A beat counts
   * as lost although a write that was given up may yet land.
   */
  send(beat: Beat): Promise<{ readonly sink: string } | { readonly lost: true }>;
  /** What was delivered where, and lost, since the chain was made. */
  statistics(): HeartbeatStatistics;
}

export interface HeartbeatStatistics {
  /** Beats by the sink that they were delivered to; each beat counts once. */
  readonly delivered: Readonly<Record<string, number>>;
  readonly lost: number;
  /** The first sink is not the one in use. */
  readonly degraded: boolean;
}
