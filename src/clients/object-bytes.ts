import { ConfigurationError, InvalidDataError, ServiceError } from '../errors/index.ts';
import type { ObjectSource } from './storage.ts';
import { untilAborted } from './until-aborted.ts';

/** The largest object that is read whole, or saved from what is in memory, in bytes: 256 MiB. Larger ones are streams. */
const mostInMemory = 256 * 2 ** 20;
/** The most bytes that a stream gives, where its save does not say otherwise: 5 GiB. */
const mostStreamed = 5 * 2 ** 30;

type Stream = Exclude<ObjectSource, string | Uint8Array>;

export function isStream(source: ObjectSource): source is Stream {
  return typeof source !== 'string' && !(source instanceof Uint8Array);
}

/** What is in memory, as bytes of our own. @throws InvalidDataError for too many. */
export function bytesInMemory(path: string, source: string | Uint8Array): Buffer {
  const size = typeof source === 'string' ? Buffer.byteLength(source) : source.byteLength;
  if (size > mostInMemory) throw tooLarge(path, size);
  return Buffer.from(source as Uint8Array);
}

/** An object's size, if it may be read whole. @throws InvalidDataError */
export function checkReadable(path: string, size: number): void {
  if (size > mostInMemory) throw tooLarge(path, size);
}

function tooLarge(path: string, size: number): InvalidDataError {
  return new InvalidDataError(
    `Object ${path} has ${size} bytes, at most ${mostInMemory} fit into memory: use a stream`,
  );
}

/** @throws ConfigurationError */
export function checkMaxBytes(maxBytes: number | undefined): void {
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= 0))
    throw new ConfigurationError('maxBytes', 'a whole number of bytes', maxBytes);
}

export interface StreamBounds {
  /** Of the object, for errors. */
  readonly path: string;
  readonly maxBytes: number | undefined;
  /** Ends the reading with its reason; the source is let go of. */
  readonly signal: AbortSignal;
}

/** The stream's chunks as bytes, valid until the next is asked for. @throws InvalidDataError for too many, and for what are none. */
export async function* streamedBytes(
  source: Stream,
  { path, maxBytes = mostStreamed, signal }: StreamBounds,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of untilAborted(source, signal)) {
    const bytes = bytesOf(path, chunk);
    size += bytes.length;
    if (size > maxBytes)
      throw new InvalidDataError(`The stream for object ${path} gives more than ${maxBytes} bytes`);
    yield bytes;
  }
}

function bytesOf(path: string, chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (chunk instanceof Uint8Array) return chunk;
  throw new InvalidDataError(`The stream for object ${path} gives ${typeof chunk}, neither bytes nor text`);
}

/** What a stream ends in whose object was overwritten or deleted before it was read. */
export function overwritten(path: string): ServiceError {
  const details = { service: 'storage', kind: 'transient', code: 'overwritten' } as const;
  return new ServiceError(`Object ${path} was overwritten or deleted while it was read`, details);
}
