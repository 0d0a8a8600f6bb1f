import type { z } from 'zod';

/**
 * What must outlive a process: small records, each changed only by compare-and-set on its version.
 *
 * Time is the store's: every answer carries it, and nobody compares a lease's end with another machine's clock.
 */
export interface Store {
  collection<T>(definition: CollectionDefinition<T>): Collection<T>;
}

/** A kind of record. Records of another `version` (a newer release's) are shown, never parsed and never dropped. */
export interface CollectionDefinition<T> {
  /** Lower-case words with underscores, such as `parked_runs`. */
  readonly name: string;
  readonly version: number;
  readonly schema: z.ZodType<T>;
}

export interface Collection<T> {
  /** The record of a key; one that has expired is absent, deleted or not. */
  get(key: string, call?: StoreCall): Promise<GetResult<T>>;
  /** Writes the record if it is still as the caller read it: `ifVersion` undefined means "if there is none". */
  put(key: string, value: T, options: PutOptions): Promise<PutResult>;
  /** Deletes the record if it is still of that version; false if it is not. */
  delete(key: string, options: StoreCall & { readonly ifVersion: string }): Promise<boolean>;
  /** Records in order of `due` (those without come last), then key. Expired ones are left out. */
  list(options: ListQuery): Promise<Page<T>>;
}

export interface StoreCall {
  readonly signal?: AbortSignal | undefined;
}

export interface GetResult<T> {
  /** Milliseconds of the store's clock when it answered. */
  readonly time: number;
  readonly entry: Entry<T> | undefined;
}

export type Entry<T> = ReadableEntry<T> | UnreadableEntry;

interface EntryBase {
  readonly key: string;
  /** Changes with every write; only good for comparing. */
  readonly version: string;
  /** Store time at which somebody should look at the record. */
  readonly due: number | undefined;
  /** Store time from which the record counts as absent. */
  readonly expires: number;
}

export interface ReadableEntry<T> extends EntryBase {
  readonly readable: true;
  readonly value: T;
}

/** A record that this release can't read: left as it is for the code that can, and shown. */
export interface UnreadableEntry extends EntryBase {
  readonly readable: false;
  readonly why: 'unknown_version' | 'corrupt';
  readonly detail: string;
}

export interface PutOptions extends StoreCall {
  readonly ifVersion: string | undefined;
  readonly due?: number | undefined;
  readonly expires: number;
}

export type PutResult =
  | { readonly ok: true; readonly version: string; readonly time: number }
  /** Somebody else changed the record: read again and decide anew. */
  | { readonly ok: false; readonly time: number };

export interface ListQuery extends StoreCall {
  /** Only records whose `due` is at or before this store time; undefined lists all. */
  readonly dueBefore?: number | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
  /** The previous page's `next`. */
  readonly after?: string | undefined;
}

export interface Page<T> {
  readonly time: number;
  readonly entries: readonly Entry<T>[];
  /** Where the next page starts; undefined at the end. */
  readonly next: string | undefined;
}
