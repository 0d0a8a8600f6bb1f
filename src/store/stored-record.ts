import { z } from 'zod';
import { ConfigurationError, InvalidDataError } from '../errors/index.ts';
import type { CollectionDefinition, Entry, ListQuery, PutOptions } from './collection.ts';

/** A record as a store keeps it: what every implementation of the port reads and writes alike. */
export interface StoredRecord {
  readonly json: string;
  /** The definition's version when it was written. */
  readonly recordVersion: number;
  readonly version: string;
  readonly due: number | undefined;
  readonly expires: number;
}

// A Firestore document takes 1 MiB, and a character up to three bytes.
const mostCharacters = 300_000;

/**
 * The value as JSON, which reads back as what the schema takes.
 *
 * @throws InvalidDataError for a value that would not come out readable, or whose JSON is longer than 300,000 characters.
 * @throws ConfigurationError for a bad key, due time or expiry.
 */
export function encodeRecord<T>(
  definition: CollectionDefinition<T>,
  key: string,
  value: T,
  { due, expires }: PutOptions,
): string {
  checkKey(key);
  if (due !== undefined && !Number.isFinite(due)) throw new ConfigurationError('due', 'a finite time', due);
  if (!Number.isFinite(expires)) throw new ConfigurationError('expires', 'a finite time', expires);
  const json = JSON.stringify(value) ?? 'null';
  const where = `Record ${definition.name}/${key}`;
  if (json.length > mostCharacters) {
    throw new InvalidDataError(
      `${where} is too large: ${json.length} characters of JSON, at most ${mostCharacters}`,
    );
  }
  const parsed = definition.schema.safeParse(JSON.parse(json));
  if (!parsed.success) {
    throw new InvalidDataError(`${where} does not fit its schema: ${firstIssue(parsed.error)}`);
  }
  return json;
}

/** What a stored record is to code of this definition. Never throws: what can't be read is shown. */
export function decodeRecord<T>(
  definition: CollectionDefinition<T>,
  key: string,
  { json, recordVersion, version, due, expires }: StoredRecord,
): Entry<T> {
  const base = { key, version, due, expires };
  if (recordVersion !== definition.version) {
    return { ...base, readable: false, why: 'unknown_version', detail: `version ${recordVersion}` };
  }
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch (error) {
    return { ...base, readable: false, why: 'corrupt', detail: (error as Error).message };
  }
  const parsed = definition.schema.safeParse(raw);
  if (parsed.success) return { ...base, readable: true, value: parsed.data };
  return { ...base, readable: false, why: 'corrupt', detail: firstIssue(parsed.error) };
}

/** @throws ConfigurationError */
export function checkDefinition({
  name,
  version,
}: {
  readonly name: string;
  readonly version: number;
}): void {
  if (!/^[a-z][a-z0-9_]{0,59}$/.test(name)) {
    throw new ConfigurationError('collection.name', 'lower-case words with underscores', name);
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new ConfigurationError('collection.version', 'a whole number of at least 1', version);
  }
}

/** @throws ConfigurationError unless the key has 1 to 500 characters. */
export function checkKey(key: string): void {
  if (typeof key !== 'string' || key === '' || key.length > 500 || !key.isWellFormed()) {
    throw new ConfigurationError('key', 'a text of 1 to 500 characters', key);
  }
}

/** Where a record stands in a list; those without a due time come last. */
export interface Place {
  readonly due: number;
  readonly key: string;
}

/** The due time that stands for none: JSON has no Infinity. */
export const neverDue = Number.MAX_VALUE;

export function placeOf(key: string, { due }: { readonly due: number | undefined }): Place {
  return { due: due ?? neverDue, key };
}

/** The place as a page's `next`. */
export function cursorOf({ due, key }: Place): string {
  return JSON.stringify([due, key]);
}

/** A list query, checked, with its `after` read. @throws ConfigurationError */
export function checkList({ dueBefore, limit, after }: ListQuery): {
  readonly dueBefore: number | undefined;
  readonly limit: number;
  readonly after: Place | undefined;
} {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1_000) {
    throw new ConfigurationError('limit', 'a whole number from 1 to 1,000', limit);
  }
  if (dueBefore !== undefined && !Number.isFinite(dueBefore)) {
    throw new ConfigurationError('dueBefore', 'a finite time', dueBefore);
  }
  return { dueBefore, limit, after: after === undefined ? undefined : readCursor(after) };
}

const cursor = z.tuple([z.number(), z.string()]);

function readCursor(after: string): Place {
  try {
    const [due, key] = cursor.parse(JSON.parse(after));
    return { due, key };
  } catch (cause) {
    throw new ConfigurationError('after', "a previous page's next", after, { cause });
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'does not fit its schema';
  const path = issue.path.join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
