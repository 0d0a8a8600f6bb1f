import type { Context } from '../context/index.ts';
import { GaveUpError } from '../errors/index.ts';
import { type Failed, recordGaveUp, updateWork } from '../processor/index.ts';
import type { ParkedWork, WorkRecord } from '../store/index.ts';
import type { RegisteredProcessor } from './registry.ts';

/**
 * Gives up what is parked: a failure with a reason, once. The failure is recorded before the parked record goes, so that a crash
 * between leaves it to be done again, and not to be forgotten.
 *
 * @returns The failure, or undefined if somebody has started or given up the work meanwhile.
 */
export async function giveUp(
  context: Context,
  processor: RegisteredProcessor,
  record: WorkRecord & { readonly parked: ParkedWork },
  why: string,
  signal: AbortSignal | undefined,
): Promise<Failed | undefined> {
  const { clock, store, logger } = context;
  const { key, date, parked } = record;
  const { name } = processor.definition;
  const at = new Date(clock.wallNow()).toISOString();
  const isTheSame = (current: WorkRecord) =>
    current.lease === null &&
    current.parked?.since === parked.since &&
    current.parked.reason === parked.reason &&
    current.parked.giveUpAt === parked.giveUpAt &&
    // New rows have come for it since.
    (parked.updated || !current.parked.updated);
  const runId = await recordGaveUp(context, record, parked, signal);
  const gone = await updateWork(
    store,
    key,
    (current) => (isTheSame(current) ? { ...current, parked: null, gaveUp: { at, reason: why } } : undefined),
    signal,
  );
  if (!gone) return undefined;
  const error = new GaveUpError(`${key} is given up: ${why}`);
  logger.error(error.message, { key, runId, missing: parked.missing });
  return {
    status: 'failed',
    reason: 'gave_up',
    errorKind: error.kind,
    error,
    runId,
    processor: name,
    key,
    date,
    startedAt: at,
    durationMs: 0,
    attempt: Math.max(1, parked.attempts),
    steps: [],
    stats: { rowsExtracted: 0, rowsWritten: 0 },
    recorded: true,
  };
}
