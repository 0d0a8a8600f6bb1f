import { createHash, randomUUID } from 'node:crypto';
import type { CallOptions } from '../../clients/index.ts';
import { kindOf, ConfigurationError } from '../../errors/index.ts';
import { fullJitter, retry } from '../../policy/index.ts';
import {
  type Collection,
  type CollectionDefinition,
  checkDefinition,
  checkKey,
  checkList,
  cursorOf,
  decodeRecord,
  encodeRecord,
  type ListQuery,
  neverDue,
  type Page,
  placeOf,
  type PutOptions,
  type PutResult,
  type Store,
  type StoredRecord,
} from '../../store/index.ts';
import { milliseconds, realClock } from '../../time/index.ts';
import { CleanUp } from './clean-up.ts';
import { Documents, type Fields, type Found, type FirestoreOptions } from './documents.ts';
import { placeAfter, placeText } from './place.ts';
import { type StoreCall, StoreCalls } from './store-calls.ts';
import { expiryOf, millisecondsOf, textOf } from './wire-time.ts';

export interface FirestoreStoreOptions extends FirestoreOptions {
  /** The start of the collections' names. Default: `breakwater_`. */
  readonly prefix?: string | undefined;
  /** Uniform in [0, 1). Default: Math.random. */
  readonly random?: (() => number) | undefined;
}

/** A store in Firestore. */
export interface FirestoreStore extends Store {
  /** Lets go of the connections. */
  close(): Promise<void>;
}

/** How often a request is sent at most. */
const attempts = 3;
/** Documents in one answer at most. */
const largestPage = 1_000;

/**
 * A store in Firestore: one document a record, changed only under the condition that it is still as it was read, with the time
 * that Firestore itself tells with every answer.
 *
 * A write that was given up may land later: its condition then decides, as for everybody's. One whose answer was lost is sent
 * again and recognised by the id it bears. Set a TTL policy on the field `ttl` of each collection; until it has deleted an
 * expired record, the record counts as absent.
 *
 * Every call ends within `timeout`, however many requests it takes; what may pass is sent up to three times within it.
 *
 * @throws ConfigurationError for a bad option. The calls throw StoreUnavailableError when Firestore does not answer.
 */
export function firestoreStore(options: FirestoreStoreOptions): FirestoreStore {
  const documents = new Documents(options);
  return { ...storeOn(documents, options), close: () => documents.close() };
}

/** The store on documents that are there already. */
export function storeOn(
  documents: Documents,
  options: Pick<FirestoreStoreOptions, 'prefix' | 'clock' | 'random' | 'timeout'>,
): Store {
  const { prefix = 'breakwater_', clock = realClock, random = Math.random, timeout = '5s' } = options;
  if (!/^[a-z][a-z0-9_]{0,59}$/.test(prefix))
    throw new ConfigurationError('firestoreStore.prefix', 'lower-case words with underscores', prefix);
  const again = retry({
    attempts,
    backoff: fullJitter({ base: '50ms', cap: '500ms' }),
    clock,
    random,
    handle: (outcome) => !outcome.ok && mayPass(outcome.error),
  });
  const calls = new StoreCalls(clock, milliseconds('firestore.timeout', timeout), again);
  return { collection: (definition) => new FirestoreCollection(definition, prefix, documents, calls) };
}

class FirestoreCollection<T> implements Collection<T> {
  readonly #definition: CollectionDefinition<T>;
  readonly #name: string;
  readonly #documents: Documents;
  readonly #calls: StoreCalls;

  constructor(definition: CollectionDefinition<T>, prefix: string, documents: Documents, calls: StoreCalls) {
    checkDefinition(definition);
    this.#definition = definition;
    this.#name = `${prefix}${definition.name}`;
    this.#documents = documents;
    this.#calls = calls;
  }

  async get(key: string, { signal }: CallOptions = {}) {
    checkKey(key);
    const { time, found } = await this.#calls.call(`Read of ${this.#name}`, signal, async (call) =>
      call.sent(async () => this.#read(key, call)),
    );
    return { time, entry: found && decodeRecord(this.#definition, key, found.record) };
  }

  async put(key: string, value: T, options: PutOptions): Promise<PutResult> {
    const json = encodeRecord(this.#definition, key, value, options);
    const { ifVersion, due, expires, signal } = options;
    const write = randomUUID();
    const fields = fieldsOf(key, write, { json, recordVersion: this.#definition.version, due, expires });
    return this.#calls.call(`Write of ${this.#name}`, signal, async (call) => {
      let wasSent = false;
      return call.sent(async () => {
        const { time, found, expired } = await this.#read(key, call);
        // Ours, whose answer was lost.
        if (found?.write === write) return { ok: true, version: found.record.version, time };
        if (found?.record.version !== ifVersion) return { ok: false, time };
        const there = found?.document ?? expired;
        const condition = there === undefined ? { exists: false } : { updateTime: there.updated };
        const mayHaveLanded = wasSent;
        wasSent = true;
        try {
          const put = await this.#documents.put(this.#name, idOf(key), fields, condition, call.bounds);
          return { ok: true, version: textOf(put.updated), time: millisecondsOf(put.time) };
        } catch (error) {
          if (isRefused(error) && !mayHaveLanded) return { ok: false, time };
          throw error;
        }
      });
    });
  }

  async delete(key: string, { ifVersion, signal }: CallOptions & { ifVersion: string }): Promise<boolean> {
    checkKey(key);
    return this.#calls.call(`Delete of ${this.#name}`, signal, async (call) => {
      let wasSent = false;
      return call.sent(async () => {
        const { found } = await this.#read(key, call);
        // Of a request whose answer was lost: what it was to delete is gone.
        if (wasSent && found === undefined) return true;
        if (found?.record.version !== ifVersion) return false;
        const mayHaveLanded = wasSent;
        wasSent = true;
        try {
          const condition = { updateTime: found.document.updated };
          await this.#documents.delete(this.#name, idOf(key), condition, call.bounds);
          return true;
        } catch (error) {
          if (isRefused(error) && !mayHaveLanded) return false;
          throw error;
        }
      });
    });
  }

  async list(query: ListQuery): Promise<Page<T>> {
    const { dueBefore, limit, after } = checkList(query);
    return this.#calls.call(`List of ${this.#name}`, query.signal, async (call) => {
      const living: Kept[] = [];
      const cleanUp = new CleanUp(this.#documents, this.#name, call);
      let above = after === undefined ? undefined : placeText(after);
      let time: number | undefined;
      let more = true;
      try {
        // Where expired ones have left a page short the next is twice as large: they may be many.
        for (let most = limit + 1; more && living.length <= limit; most = Math.min(2 * most, largestPage)) {
          const wanted = {
            order: 'place',
            above: above === undefined ? undefined : { stringValue: above },
            below: dueBefore === undefined ? undefined : { stringValue: placeAfter(dueBefore) },
            limit: most,
          };
          const page = await call.sent(() => this.#documents.query(this.#name, wanted, call.bounds));
          time ??= millisecondsOf(page.time);
          for (const document of page.found) {
            const kept = keptOf(document);
            if (kept.record.expires > time) living.push(kept);
            else cleanUp.add(document);
          }
          above = page.found.length === 0 ? above : textField(page.found.at(-1)?.fields, 'place');
          more = page.found.length === most;
        }
      } finally {
        await cleanUp.done();
      }
      const page = living.slice(0, limit);
      const last = page.at(-1);
      return {
        time: time as number,
        entries: page.map(({ key, record }) => decodeRecord(this.#definition, key, record)),
        next:
          last !== undefined && living.length > limit ? cursorOf(placeOf(last.key, last.record)) : undefined,
      };
    });
  }

  /** The record, or the document of one that has expired. */
  async #read(key: string, { bounds }: StoreCall): Promise<Read> {
    const { time: wire, found } = await this.#documents.get(this.#name, idOf(key), bounds);
    const time = millisecondsOf(wire);
    if (found === undefined) return { time, found: undefined, expired: undefined };
    const kept = keptOf(found);
    return kept.record.expires > time
      ? { time, found: kept, expired: undefined }
      : { time, found: undefined, expired: found };
  }
}

interface Kept {
  readonly key: string;
  readonly record: StoredRecord;
  /** The id of the write that made it. */
  readonly write: string | undefined;
  readonly document: Found;
}

interface Read {
  readonly time: number;
  readonly found: Kept | undefined;
  readonly expired: Found | undefined;
}

// Not the key itself, which may be no document's name; and dates side by side would all land on one machine.
function idOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function fieldsOf(key: string, write: string, record: Omit<StoredRecord, 'version'>): Fields {
  return {
    key: { stringValue: key },
    json: { stringValue: record.json },
    record_version: { integerValue: record.recordVersion },
    place: { stringValue: placeText(placeOf(key, record)) },
    due: { doubleValue: record.due ?? neverDue },
    expires: { doubleValue: record.expires },
    ttl: { timestampValue: expiryOf(record.expires) },
    write: { stringValue: write },
  };
}

function keptOf(document: Found): Kept {
  const { fields, updated } = document;
  const due = numberField(fields, 'due');
  const record: StoredRecord = {
    json: textField(fields, 'json') ?? '',
    recordVersion: numberField(fields, 'record_version') ?? 0,
    version: textOf(updated),
    due: due === neverDue ? undefined : due,
    expires: numberField(fields, 'expires') ?? Infinity,
  };
  return {
    key: textField(fields, 'key') ?? document.id,
    record,
    write: textField(fields, 'write'),
    document,
  };
}

function textField(fields: Fields | undefined, name: string): string | undefined {
  const field = fields?.[name];
  return field !== undefined && 'stringValue' in field ? field.stringValue : undefined;
}

function numberField(fields: Fields, name: string): number | undefined {
  const field = fields[name];
  if (field === undefined) return undefined;
  if ('doubleValue' in field) return field.doubleValue;
  return 'integerValue' in field ? Number(field.integerValue) : undefined;
}

/** The condition did not hold: gRPC's FAILED_PRECONDITION, ALREADY_EXISTS and NOT_FOUND. */
function isRefused(error: unknown): boolean {
  return ['9', '6', '5'].includes(String((error as { code?: unknown }).code));
}

function mayPass(error: unknown): boolean {
  if (isRefused(error)) return true;
  const kind = kindOf(error);
  return kind === 'transient' || kind === 'throttled';
}
