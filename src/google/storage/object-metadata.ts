import type { FileMetadata } from '@google-cloud/storage';
import type { StoredObject } from '../../clients/index.ts';
import { InvalidDataError, ServiceError } from '../../errors/index.ts';

/** What the service tells of an object, as the port gives it. */
export function objectOf(path: string, { generation, size, updated }: FileMetadata): StoredObject {
  return {
    path,
    generation: Number(generation),
    size: Number(size),
    updated: new Date(String(updated)).toISOString(),
  };
}

export function isStatus(error: unknown, status: number): boolean {
  return (error as { code?: unknown } | null)?.code === status;
}

export function damaged(path: string, options?: ErrorOptions): InvalidDataError {
  return new InvalidDataError(`The bytes of object ${path} do not have its checksum`, options);
}

/** What a stream ends in that others have written over while it was sent. */
export function overtaken(path: string, cause: unknown): ServiceError {
  const details = { service: 'storage', kind: 'transient', code: 'overtaken' } as const;
  return new ServiceError(`Object ${path} was written by others while it was sent`, details, { cause });
}
