import type { FileMetadata } from '@google-cloud/storage';
import type { StoredObject } from '../../clients/index.ts';
import { InvalidDataError } from '../../errors/index.ts';

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
