import type { Context } from '../context/index.ts';
import { LostLeaseError, StoreUnavailableError } from '../errors/index.ts';
import { type Beat, readHealth } from '../heartbeat/index.ts';
import { type ParkedWork, type RunRecord, retention, runRecords, type WorkRecord } from '../store/index.ts';
import type { LiveRun } from './live-run.ts';
import type { RunResult } from './run-result.ts';
import { type HeldWork, readable, shortened } from './work-changes.ts';

/**
 * Writes the run's one record, as running.
 *
 * @throws LostLeaseError if somebody has recorded an end of the run: it was taken for dead, and its claim given away.
 */
export function recordStart<O>(
  context: Context,
  run: LiveRun<O>,
  trigger: string,
  signal: AbortSignal,
): Promise<void> {
  return update(context, run.id, signal, (current) => {
    if (current !== undefined && current.status !== 'running')
      throw new LostLeaseError(`Run ${run.id} was recorded as ${current.status} before it began`);
    return running(context, run, trigger);
  });
}

/**
 * Turns the run's record into its outcome. A run ends once: an outcome that is there already stands.
 *
 * @returns That other outcome, if there was one.
 */
export async function recordEnd<O>(
  context: Context,
  run: LiveRun<O>,
  result: RunResult,
  trigger: string,
  signal: AbortSignal,
): Promise<RunRecord | undefined> {
  let other: RunRecord | undefined;
  await update(context, run.id, signal, (current) => {
    if (current !== undefined && current.status !== 'running') {
      // The same outcome is our own, whose answer was lost, or which our last heartbeat told.
      const isOurs =
        current.status === result.status && (current.reason === result.reason || current.reason === null);
      other = isOurs ? undefined : current;
      return undefined;
    }
    return {
      ...(current ?? running(context, run, trigger)),
      status: result.status,
      reason: result.reason,
      missing: 'missing' in result ? shortened(result.missing) : [],
      endedAt: new Date(context.clock.wallNow()).toISOString(),
      durationMs: result.durationMs,
      rows: result.stats.rowsWritten,
      fingerprint: result.status === 'succeeded' ? (run.fingerprint ?? '') : null,
      steps: [...result.steps],
      error: 'error' in result && result.error !== undefined ? described(result) : null,
    };
  });
  return other;
}

/** What became of a run that can't tell it any more. */
export type DeadReason = 'stale_heartbeat' | 'event_loop_blocked';

/** A run that ended without a word, and why. */
export interface DeadRun {
  readonly runId: string;
  /** Its fencing token, where it is known. */
  readonly fence?: number | undefined;
  readonly reason: DeadReason;
}

/**
 * Records a run whose claim nobody gives back: dead, unless its last heartbeat tells how it ended, which then only could not be
 * recorded. It touches this run alone, and only while it counts as running.
 *
 * @param claimed The key's record, while the run's claim is in it: a run that died before it could write a record of its own gets
 * one. Without it, the write of its start, arriving late, would make one that counts as running for ever.
 * @returns The run's record; undefined if it has none.
 */
export async function recordDead(
  context: Context,
  { runId, fence, reason }: DeadRun,
  claimed: HeldWork | undefined,
  signal: AbortSignal,
): Promise<RunRecord | undefined> {
  const end = reason === 'stale_heartbeat' ? await lastWord(context, runId, signal) : undefined;
  let record: RunRecord | undefined;
  await update(context, runId, signal, (current) => {
    record = current ?? (claimed && neverRecorded(context, claimed));
    if (record?.status !== 'running' || (fence !== undefined && fence !== record.fence)) return undefined;
    record = end === undefined ? dead(context, record, reason) : told(record, end);
    return record;
  });
  return record;
}

function dead(context: Context, record: RunRecord, reason: DeadReason): RunRecord {
  const endedAt = new Date(context.clock.wallNow()).toISOString();
  return { ...record, status: reason === 'event_loop_blocked' ? 'timed_out' : 'failed', reason, endedAt };
}

/** A beat tells how the run ended, and not why. */
function told(record: RunRecord, { status, beat }: Beat): RunRecord {
  const isDone = status === 'succeeded';
  const message = 'Its end could not be recorded; its last heartbeat told it';
  const error = isDone ? null : { name: 'StoreUnavailableError', message, kind: null };
  return { ...record, status, reason: isDone ? 'done' : null, endedAt: beat, error };
}

/** The beat with which a run said that it had ended, if there is one that can be read. */
async function lastWord(context: Context, runId: string, signal: AbortSignal): Promise<Beat | undefined> {
  const { entry } = await context.store.collection(runRecords).get(runId, { signal });
  if (!entry?.readable || entry.value.status !== 'running') return undefined;
  const beat = (await newestBeats(context)).get(runId);
  return beat?.status === 'running' ? undefined : beat;
}

const readFor = 10_000;
const readings = new WeakMap<
  Context['heartbeats'],
  { readonly at: number; readonly beats: Promise<ReadonlyMap<string, Beat>> }
>();

/** The newest beats by run. Of runs that died together the last words are older than any claim: one reading serves them all. */
function newestBeats(context: Context): Promise<ReadonlyMap<string, Beat>> {
  const { clock, heartbeats } = context;
  const known = readings.get(heartbeats);
  if (known !== undefined && clock.now() - known.at < readFor) return known.beats;
  const beats = readHealth({ sinks: heartbeats.sinks, clock }).then(
    ({ runs }) => new Map(runs.map(({ beat }) => [beat.runId, beat])),
  );
  readings.set(heartbeats, { at: clock.now(), beats });
  return beats;
}

/**
 * Records that what was parked for this long is given up: a failure of its own, once. Of two who record it the first one stands.
 *
 * @returns The run's id.
 */
export async function recordGaveUp(
  context: Context,
  { key, processor, sport, date, fence }: WorkRecord,
  parked: ParkedWork,
  signal?: AbortSignal,
): Promise<string> {
  const { clock, config } = context;
  const runId = `gave-up-${Math.floor(parked.since).toString(36)}-${key}`;
  const now = new Date(clock.wallNow()).toISOString();
  await update(context, runId, signal, (current) =>
    current === undefined
      ? {
          runId,
          key,
          processor,
          sport,
          date,
          status: 'failed',
          reason: 'gave_up',
          missing: parked.missing,
          attempt: Math.max(1, parked.attempts),
          fence,
          startedAt: now,
          endedAt: now,
          durationMs: 0,
          rows: 0,
          steps: [],
          error: { name: 'GaveUpError', message: `${parked.reason} since it was parked`, kind: 'permanent' },
          host: config.host,
          version: config.version,
          fingerprint: null,
          trigger: 'sweep',
        }
      : undefined,
  );
  return runId;
}

function running<O>(context: Context, run: LiveRun<O>, trigger: string): RunRecord {
  return {
    ...notEnded,
    runId: run.id,
    key: run.key,
    processor: run.processor,
    sport: run.definition.sport,
    date: run.date,
    attempt: run.attempt,
    fence: run.fence.token,
    startedAt: run.startedAt,
    host: context.config.host,
    version: context.config.version,
    trigger,
  };
}

/** What is known of a run from its claim alone. */
function neverRecorded(
  { config }: Context,
  { key, processor, sport, date, fence, lease }: HeldWork,
): RunRecord {
  const { runId, attempt, startedAt, holder } = lease;
  const { version } = config;
  return {
    ...notEnded,
    runId,
    key,
    processor,
    sport,
    date,
    attempt,
    fence,
    startedAt,
    host: holder,
    version,
    trigger: 'unknown',
  };
}

const notEnded = {
  status: 'running' as const,
  reason: null,
  missing: [] as string[],
  endedAt: null,
  durationMs: null,
  rows: null,
  steps: [],
  error: null,
  fingerprint: null,
} satisfies Partial<RunRecord>;

const longestMessage = 1_000;

function described(result: RunResult & { readonly error?: unknown }): RunRecord['error'] {
  const { error } = result;
  const kind = result.status === 'failed' ? result.errorKind : null;
  if (!(error instanceof Error))
    return { name: 'unknown', message: String(error).slice(0, longestMessage), kind };
  return { name: error.name, message: error.message.slice(0, longestMessage), kind };
}

async function update(
  context: Context,
  runId: string,
  signal: AbortSignal | undefined,
  change: (current: RunRecord | undefined) => RunRecord | undefined,
): Promise<void> {
  const runs = context.store.collection(runRecords);
  for (let attempt = 0; attempt < 5; attempt++) {
    const { entry, time } = await runs.get(runId, { signal });
    const next = change(readable(runId, entry)?.value);
    if (next === undefined) return;
    const put = await runs.put(runId, next, {
      ifVersion: entry?.version,
      expires: time + retention.runs,
      signal,
    });
    if (put.ok) return;
  }
  throw new StoreUnavailableError(`The record of run ${runId} kept changing`);
}
