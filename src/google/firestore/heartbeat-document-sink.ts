import { createHash } from 'node:crypto';
import type { Clock } from '../../time/index.ts';
import { type Beat, type HeartbeatSink, parseBeat } from '../../heartbeat/index.ts';
import type { Documents, Fields, Found } from './documents.ts';
import { expiryOf } from './wire-time.ts';

export interface HeartbeatDocumentSinkOptions {
  readonly documents: Documents;
  readonly clock: Clock;
  /** The collection of the beats, theirs alone. Default: `breakwater_heartbeats`. */
  readonly collection?: string | undefined;
}

const pageSize = 300;
/** Expired documents that one read deletes at most; they come one a run. */
const mostDeleted = 20;

/**
 * Heartbeats as documents, one a run, each replaced only as it was read: a write that was given up and lands when Firestore is
 * back changes nothing newer. Set a TTL policy on the field `ttl` of the collection.
 */
export function heartbeatDocumentSink(options: HeartbeatDocumentSinkOptions): HeartbeatSink {
  const { documents, clock, collection = 'breakwater_heartbeats' } = options;
  return {
    name: 'firestore',
    async write(beat, { signal }) {
      signal.throwIfAborted();
      const id = idOf(beat);
      while (true) {
        const { found } = await documents.get(collection, id, { signal });
        if (found !== undefined && sequenceOf(found) >= beat.sequence) return;
        // Deleted, as it has expired, or never there: a beat that has expired itself must not bring the run back.
        if (found === undefined && Date.parse(beat.expires) <= clock.wallNow()) return;
        const condition = found === undefined ? { exists: false } : { updateTime: found.updated };
        try {
          await documents.put(collection, id, fieldsOf(beat), condition, { signal });
          return;
        } catch (error) {
          if (!isOvertaken(error)) throw error;
        }
      }
    },
    async read({ signal, unreadable }) {
      signal.throwIfAborted();
      const beats: Beat[] = [];
      const expired: Found[] = [];
      const now = clock.wallNow();
      for await (const document of allOf(documents, collection, signal)) {
        try {
          const beat = beatOf(document);
          if (Date.parse(beat.expires) > now) beats.push(beat);
          else expired.push(document);
        } catch (error) {
          unreadable?.({ record: `${collection}/${document.id}`, runId: textOf(document, 'run_id'), error });
        }
      }
      if (expired.length > 0) {
        // Not what the reader came for: the TTL policy, or the next read, deletes what is left.
        await documents
          .deleteUnchanged(collection, expired.slice(0, mostDeleted), { signal })
          .catch(() => {});
      }
      return beats;
    },
  };
}

async function* allOf(documents: Documents, collection: string, signal: AbortSignal): AsyncGenerator<Found> {
  let above: string | undefined;
  while (true) {
    const { found } = await documents.query(
      collection,
      {
        order: 'id',
        above: above === undefined ? undefined : { stringValue: above },
        limit: pageSize,
      },
      { signal },
    );
    yield* found;
    if (found.length < pageSize) return;
    above = found.at(-1)?.id;
  }
}

function idOf({ runId }: Beat): string {
  return createHash('sha256').update(runId).digest('hex');
}

function fieldsOf(beat: Beat): Fields {
  return {
    // Ordered by: the document's own name can't be the start of a page so simply.
    id: { stringValue: idOf(beat) },
    run_id: { stringValue: beat.runId },
    processor: { stringValue: beat.processor },
    status: { stringValue: beat.status },
    sequence: { integerValue: beat.sequence },
    beat: { stringValue: JSON.stringify(beat) },
    ttl: { timestampValue: expiryOf(Date.parse(beat.expires)) },
  };
}

function beatOf(document: Found): Beat {
  return parseBeat(JSON.parse(textOf(document, 'beat') ?? 'null'), `Document ${document.id}`);
}

function sequenceOf({ fields }: Found): number {
  const field = fields.sequence;
  return field !== undefined && 'integerValue' in field ? Number(field.integerValue) : 0;
}

function textOf({ fields }: Found, name: string): string | undefined {
  const field = fields[name];
  return field !== undefined && 'stringValue' in field ? field.stringValue : undefined;
}

/** Another write came between: gRPC's FAILED_PRECONDITION, ALREADY_EXISTS, NOT_FOUND, and ABORTED of contention. */
function isOvertaken(error: unknown): boolean {
  return ['9', '6', '5', '10'].includes(String((error as { code?: unknown }).code));
}
