import type { CallOptions } from './call.ts';

/** Objects in one bucket (or folder), each with a generation that changes at every write. */
export interface StorageClient {
  /** How long a call takes at most that does not say otherwise, in milliseconds. Default: 60,000. */
  readonly timeout?: number | undefined;
  /**
   * Writes an object whole: until all of it is there, what was there before is. A stream is read to its end within the call's time, in
   * bounded memory; its own error comes out unchanged. `ifGeneration` is the compare-and-set: 0 for "must not exist". Without it the
   * last writer wins, except that a stream may end in a transient ServiceError (`overtaken`) where others wrote while it was sent.
   *
   * @throws PreconditionError
   * @throws InvalidDataError for more than 256 MiB in memory, or more bytes than a stream may give.
   */
  save(path: string, data: ObjectSource, options?: SaveOptions): Promise<StoredObject>;
  /** The object and its bytes, or undefined if there is none. @throws InvalidDataError for more than 256 MiB: `readStream` them. */
  read(
    path: string,
    options?: CallOptions,
  ): Promise<{ readonly object: StoredObject; readonly data: Uint8Array } | undefined>;
  /**
   * The object, and its bytes as a stream in bounded memory, or undefined if there is none. Nothing is read before it is wanted; the
   * time-out bounds each chunk. The bytes are whole and true once the stream has ended: one that was overwritten meanwhile ends in a
   * transient ServiceError (`overwritten`), damaged ones in an InvalidDataError.
   */
  readStream(path: string, options?: CallOptions): Promise<ObjectStream | undefined>;
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

/** An object's bytes, or what gives them chunk by chunk, such as a file's or an answer's stream. Text is written as UTF-8. */
export type ObjectSource = string | Uint8Array | AsyncIterable<string | Uint8Array>;

export interface ObjectStream {
  readonly object: StoredObject;
  readonly data: AsyncIterable<Uint8Array>;
}

export interface SaveOptions extends CallOptions {
  readonly ifGeneration?: number | undefined;
  /** The most bytes that a stream may give. Default: 5 GiB. */
  readonly maxBytes?: number | undefined;
  readonly contentType?: string | undefined;
}

export interface DeleteOptions extends CallOptions {
  readonly ifGeneration?: number | undefined;
}

export interface ListOptions extends CallOptions {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}
