import { ConfigurationError } from '../errors/index.ts';
import { type Clock, milliseconds, withinTime } from '../time/index.ts';
import type { Beat } from './beat.ts';
import type { HeartbeatSink, UnreadableBeat } from './sink.ts';

export interface MonitorOptions {
  readonly sinks: readonly HeartbeatSink[];
  readonly clock: Clock;
  /** Milliseconds without a beat after which a running run is `stale`. Default: 300,000. */
  readonly staleAfter?: number | undefined;
  /** Milliseconds without a beat after which it is `dead`. Default: 900,000. */
  readonly deadAfter?: number | undefined;
  /** The longest the read of one sink may take, in milliseconds. Default: 5,000. */
  readonly timeout?: number | undefined;
}

/**
 * How a run is, by its newest beat. Only running ones are judged.
 *
 * - `healthy`: it beats.
 * - `stale`: it has been silent for a while.
 * - `dead`: it has been silent for so long that it can't be alive, and nothing that may hold a newer beat went unread.
 * - `unknown`: it looks silent, but a newer beat may be where we could not look; or its clock is ahead of ours.
 * - `ended`: it said how it ended.
 * - `superseded`: a newer run of its key beats or has ended; whatever became of this one, the key is no longer its own.
 */
export type Health = 'healthy' | 'stale' | 'dead' | 'unknown' | 'ended' | 'superseded';

export interface RunHealth {
  readonly health: Health;
  /** The newest beat. */
  readonly beat: Beat;
  /** Milliseconds since that beat. */
  readonly age: number;
  /** Milliseconds since its step or progress changed: a healthy run for which this grows is alive and stuck. */
  readonly sinceProgress: number;
}

export interface HealthReport {
  /** By processor, key and fence. */
  readonly runs: readonly RunHealth[];
  /** Sinks that could not be read, and why. */
  readonly unread: readonly { readonly sink: string; readonly error: unknown }[];
  /** Records that could not be read in sinks that could. */
  readonly unreadable: readonly (UnreadableBeat & { readonly sink: string })[];
  /** No sink could be read: nothing is known, of any run. */
  readonly blind: boolean;
}

/** A clock that is ahead of ours by less than this is taken to be right. */
const tolerance = 60_000;

/**
 * Reads every sink it can and judges each run by its newest beat over all of them.
 *
 * Ages are by the monitor's wall clock. A beat up to a minute in the future is taken as of now; further ahead, its age can't be
 * told. A host whose clock is behind looks silent for that much longer: what acts on `dead` must go by run id and fence, so
 * that a run which lives after all loses its claim and no more.
 *
 * @throws ConfigurationError unless `staleAfter` and `deadAfter` are durations in this order.
 */
export async function readHealth(options: MonitorOptions): Promise<HealthReport> {
  const { sinks, clock } = options;
  const limits = limitsOf(options);
  const readings = await Promise.all(sinks.map((sink) => readSink(sink, clock, limits.timeout)));
  const unread = readings.flatMap(({ sink, error }) => (error === undefined ? [] : [{ sink, error }]));
  const unreadable = readings.flatMap(({ sink, unreadable }) =>
    unreadable.map((record) => ({ ...record, sink })),
  );
  const hidden: Hidden = {
    any: unread.length > 0 || unreadable.some(({ runId }) => runId === undefined),
    runs: new Set(unreadable.map(({ runId }) => runId)),
  };
  const newest = newestByRun(readings.flatMap(({ beats }) => beats));
  const fences = newestFences(newest);
  const now = clock.wallNow();
  const runs = newest.map((beat): RunHealth => {
    const age = now - Date.parse(beat.beat);
    const superseded = beat.fence < (fences.get(beat.key) ?? 0);
    const health = superseded && beat.status === 'running' ? 'superseded' : judge(beat, age, limits, hidden);
    return {
      health,
      beat,
      age: Math.max(0, age),
      sinceProgress: Math.max(0, now - Date.parse(beat.progressed)),
    };
  });
  return { runs, unread, unreadable, blind: unread.length === sinks.length };
}

/** Where a newer beat may be that could not be read. */
interface Hidden {
  /** Of any run. */
  readonly any: boolean;
  readonly runs: ReadonlySet<string | undefined>;
}

interface Limits {
  readonly staleAfter: number;
  readonly deadAfter: number;
  readonly timeout: number;
}

function judge(beat: Beat, age: number, { staleAfter, deadAfter }: Limits, hidden: Hidden): Health {
  if (beat.status !== 'running') return 'ended';
  // A time that is none is an age that can't be told either.
  if (!(age >= -tolerance)) return 'unknown';
  if (age < staleAfter) return 'healthy';
  if (hidden.any || hidden.runs.has(beat.runId)) return 'unknown';
  return age < deadAfter ? 'stale' : 'dead';
}

interface Reading {
  readonly sink: string;
  readonly beats: readonly Beat[];
  readonly unreadable: readonly UnreadableBeat[];
  readonly error: unknown;
}

async function readSink(sink: HeartbeatSink, clock: Clock, timeout: number): Promise<Reading> {
  const unreadable: UnreadableBeat[] = [];
  try {
    const beats = await withinTime(clock, timeout, `read of heartbeat sink ${sink.name}`, async (signal) =>
      sink.read({ signal, unreadable: (record) => unreadable.push(record) }),
    );
    return { sink: sink.name, beats, unreadable, error: undefined };
  } catch (error) {
    return { sink: sink.name, beats: [], unreadable: [], error: error ?? new Error('failed with no error') };
  }
}

function newestByRun(beats: readonly Beat[]): Beat[] {
  const newest = new Map<string, Beat>();
  for (const beat of beats) {
    const known = newest.get(beat.runId);
    if (known === undefined || compareAge(known, beat) < 0) newest.set(beat.runId, beat);
  }
  return [...newest.values()].sort(
    (a, b) => compareText(a.processor, b.processor) || compareText(a.key, b.key) || a.fence - b.fence,
  );
}

function newestFences(beats: readonly Beat[]): ReadonlyMap<string, number> {
  const fences = new Map<string, number>();
  for (const { key, fence } of beats) fences.set(key, Math.max(fence, fences.get(key) ?? 0));
  return fences;
}

function compareAge(a: Beat, b: Beat): number {
  return a.fence - b.fence || a.sequence - b.sequence;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function limitsOf(options: MonitorOptions): Limits {
  const staleAfter = milliseconds('monitor.staleAfter', options.staleAfter ?? 300_000);
  const deadAfter = milliseconds('monitor.deadAfter', options.deadAfter ?? 900_000);
  const timeout = milliseconds('monitor.timeout', options.timeout ?? 5_000);
  if (deadAfter < staleAfter) {
    throw new ConfigurationError('monitor.deadAfter', `at least staleAfter (${staleAfter} ms)`, deadAfter);
  }
  return { staleAfter, deadAfter, timeout };
}
