import type { CallOptions } from './call.ts';

/** Objects in one bucket (or folder), each with a generation that changes at every write. */
export interface StorageClient {
  /** How long a call takes at most that does not say otherwise, in milliseconds. Default: 60,000. */
  readonly timeout?: number | undefined;
  /** Writes an object whole. `ifGeneration` is the compare-and-set: 0 for "must not exist". @throws PreconditionError */
  save(path: string, data: string | Uint8Array, options?: SaveOptions): Promise<StoredObject>;
  /** The object and its bytes, or undefined if there is none. */
  read(
    path: string,
    options?: CallOptions,
  ): Promise<{ readonly object: StoredObject; readonly data: Uint8Array } | undefined>;
  /** Objects whose path starts with `prefix`, by path, at most `limit` (default 1,000) after `after`. */
  list(prefix: string, options?: ListOptions): Promise<readonly StoredObject[]>;
  /** Deletes the object; false if there was none. @throws PreconditionError */
  delete(path: string, options?: DeleteOptions): Promise<boolean>;
}

export interface StoredObject {
  readonly path: string;
  readonly generation: number;
  /** Bytes. */
  readonly size: number;
  /** ISO 8601. */
  readonly updated: string;
}

export interface SaveOptions extends CallOptions {
  readonly ifGeneration?: number | undefined;
  readonly contentType?: string | undefined;
}

export interface DeleteOptions extends CallOptions {
  readonly ifGeneration?: number | undefined;
}

export interface ListOptions extends CallOptions {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}
