import { BreakwaterError, type ErrorKind, ServiceError } from '../../errors/index.ts';
import { UnsupportedSqlError } from './dialect/unsupported-sql-error.ts';

/**
 * DuckDB's error as BigQuery's: it tells the kind by the first words of its message, and in no other way.
 */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof BreakwaterError || error.name !== 'Error') return error;
  const [, kind, message] = /^([A-Za-z]+(?: [A-Za-z]+)* Error): ([^\n]*)/.exec(error.message) ?? [];
  if (kind === undefined || message === undefined) return error;
  const [, construct, instead] = /unsupported:([^:]+):(.*)$/.exec(message) ?? [];
  if (construct !== undefined) return new UnsupportedSqlError(construct, instead, { cause: error });
  const [, table] = /^(?:Table|View) with name "?([\w.-]+)"? does not exist/.exec(message) ?? [];
  if (kind === 'Catalog Error' && table !== undefined) return notFound(table, { cause: error });
  const [code, meaning] = kinds[kind] ?? ['invalidQuery', 'permanent'];
  return new ServiceError(
    `The warehouse refused: ${message}`,
    { service: 'bigquery', kind: meaning, code },
    { cause: error },
  );
}

const kinds: Readonly<Record<string, readonly [code: string, kind: ErrorKind]>> = {
  'TransactionContext Error': ['backendError', 'transient'],
  'IO Error': ['backendError', 'transient'],
  'Out of Memory Error': ['resourcesExceeded', 'permanent'],
  'FATAL Error': ['internalError', 'permanent'],
  'INTERNAL Error': ['internalError', 'permanent'],
};

export function notFound(table: string, options?: ErrorOptions): ServiceError {
  return new ServiceError(
    `Table ${table} is not there`,
    { service: 'bigquery', kind: 'permanent', code: 'notFound' },
    options,
  );
}
