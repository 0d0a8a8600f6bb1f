import type { Beat } from './beat.ts';

/** Where beats are kept: one record a live run, replaced by a newer sequence only. */
export interface HeartbeatSink {
  /** Such as `firestore`, `cloud_logging`, `cloud_storage`, `memory`, `file`. */
  readonly name: string;
  /** Keeps the beat unless one of the same run with a sequence as high is there already. */
  write(beat: Beat, call: { readonly signal: AbortSignal }): Promise<void>;
  /** The newest beat of every run that has not expired. */
  read(call: { readonly signal: AbortSignal }): Promise<readonly Beat[]>;
}

/** What a run beats into: a chain of sinks, tried in order. */
export interface Heartbeats {
  readonly sinks: readonly HeartbeatSink[];
  /** Sends a beat to the first sink that takes it. Never throws: a beat that no sink took is counted and logged. */
  send(beat: Beat): Promise<{ readonly sink: string } | { readonly lost: true }>;
  /** What was delivered where, and lost, since the chain was made. */
  statistics(): HeartbeatStatistics;
}

export interface HeartbeatStatistics {
  readonly delivered: Readonly<Record<string, number>>;
  readonly lost: number;
  /** The first sink is not the one in use. */
  readonly degraded: boolean;
}
