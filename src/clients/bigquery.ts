import type { z } from 'zod';
import type { CallOptions } from './call.ts';
import type { StorageClient } from './storage.ts';

/**
 * The warehouse as a processor sees it: BigQuery SQL with named parameters, rows as plain values.
 *
 * Values: INT64, FLOAT64 and NUMERIC are numbers (an INT64 that a number can't hold is an error naming the column),
 * BOOL booleans, STRING strings, DATE `YYYY-MM-DD`, TIMESTAMP ISO 8601 in UTC with `Z` (milliseconds, or microseconds where there
 * are any), arrays and structs arrays and objects, NULL null.
 */
export interface BigQueryClient {
  /** How long a call takes at most that does not say otherwise, in milliseconds. Default: 120,000. */
  readonly timeout?: number | undefined;
  /** Rows of one SELECT, or nothing for DML. Named parameters only: `@name` in the text, `params.name` beside it. */
  query<Row = QueryRow>(sql: string, options?: QueryOptions<Row>): Promise<Row[]>;
  /**
   * The same rows one after the other, in bounded memory: for more than it holds. Nothing is read ahead of who reads, the time-out
   * bounds each wait for rows, and a stream that is left before its end stops its query.
   */
  stream<Row = QueryRow>(sql: string, options?: QueryOptions<Row>): AsyncGenerator<Row, void, undefined>;
  /**
   * Appends rows to a table. All are written, or none: a row that the table does not take is an InvalidDataError naming row and
   * field, unless there are `deadLetters`.
   */
  insert(table: TableName, rows: readonly object[], options?: InsertOptions): Promise<InsertResult>;
  /** Loads NDJSON into a table. All lines are written, or none: a bad line is an InvalidDataError naming line and field. */
  load(table: TableName, ndjson: NdjsonSource, options?: LoadOptions): Promise<WriteResult>;
  /**
   * Replaces the rows of one partition in one transaction: what was there is gone, `rows` are there. With a fence,
   * nothing is written and LostLeaseError is thrown if a newer fence has written the partition.
   */
  replacePartition(
    table: TableName,
    partition: Partition,
    rows: readonly object[],
    options?: FencedWriteOptions,
  ): Promise<WriteResult>;
  /**
   * Merges rows on their key in one transaction: rows in `scope` that were not given are deleted, the others updated or
   * inserted. Fenced as `replacePartition`.
   */
  merge(table: TableName, rows: readonly object[], options: MergeOptions): Promise<WriteResult>;
}

/** `dataset.table` or `project.dataset.table`; validated, never pasted unchecked. */
export type TableName = string;

export type QueryRow = Record<string, QueryValue>;
export type QueryValue =
  | string
  | number
  | boolean
  | null
  | readonly QueryValue[]
  | { readonly [field: string]: QueryValue };

/** A parameter: a value, or a list for `IN UNNEST(@name)`. A string serves for DATE and TIMESTAMP too. */
export type QueryParameter = string | number | boolean | null | readonly string[] | readonly number[];

export interface QueryOptions<Row = QueryRow> extends CallOptions {
  readonly params?: Readonly<Record<string, QueryParameter>> | undefined;
  /** BigQuery types for parameters whose value does not tell: nulls, empty lists, dates. */
  readonly types?: Readonly<Record<string, ParameterType>> | undefined;
  /** Every row is parsed by it; a row that fails is an InvalidDataError naming row and column. */
  readonly schema?: z.ZodType<Row> | undefined;
  /** The query fails instead of scanning more. Default: the client's own limit. */
  readonly maximumBytesBilled?: number | undefined;
  /** Shown with the job, for cost accounting; lower-case letters, digits, `-` and `_`. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export type ScalarType = 'STRING' | 'INT64' | 'FLOAT64' | 'NUMERIC' | 'BOOL' | 'DATE' | 'TIMESTAMP';
export type ParameterType = ScalarType | readonly [ScalarType];

/** NDJSON as text, bytes or a stream of either; read to its end, in bounded memory. */
export type NdjsonSource = string | Uint8Array | AsyncIterable<string | Uint8Array>;

export interface WriteOptions extends CallOptions {
  /** Shown with every job of the write, for cost accounting; lower-case letters, digits, `-` and `_`. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface InsertOptions extends WriteOptions {
  /** Default: none. A row that the table does not take refuses all, and after an error it is the caller who has the rows. */
  readonly deadLetters?: DeadLetters | undefined;
  /**
   * Names what is inserted, such as a run's key: what is in the table under this id is not inserted again for at least seven days,
   * whichever process asks. Letters, digits and `. : / @ _ -`, at most 100. Default: none; without it only the requests of one call are
   * told from each other.
   */
  readonly insertId?: string | undefined;
}

/**
 * A folder of objects beside an insert, in which no row is lost. Rows that the table does not take are put down as
 * `<prefix>/<table>/<insert id>.rejected.ndjson`, each with its reason; the others lie in `<insert id>.rows.ndjson` until the
 * warehouse has acknowledged them, whatever becomes of the process: `insertUnacknowledged` inserts what was left.
 */
export interface DeadLetters {
  readonly storage: Pick<StorageClient, 'save' | 'read' | 'list' | 'delete'>;
  /** Where the files lie: `dead-letters`. */
  readonly prefix: string;
}

/** A line of a dead-letter file. */
export interface RejectedRow {
  /** Its number among the rows of the insert, from 1. */
  readonly row: number;
  readonly reason: string;
  /** The row, as JSON can show it. */
  readonly data: unknown;
}

export interface InsertResult extends WriteResult {
  /** Rows that the table does not take, if there were any, and the object that holds them now. */
  readonly rejected?: { readonly rows: number; readonly path: string } | undefined;
}

export interface LoadOptions extends WriteOptions {
  /** `append` adds to what is there, `truncate` replaces it. Default: `append`. */
  readonly mode?: 'append' | 'truncate' | undefined;
  /** What errors call the source, such as a file's name. Default: `input`. */
  readonly source?: string | undefined;
}

export interface Partition {
  /** The column that the table is partitioned by, such as `game_date`. */
  readonly column: string;
  /** The partition: `YYYY-MM-DD`. */
  readonly value: string;
}

/** Who may write: a write with an older fence than one already seen for the same partition is refused. */
export interface Fence {
  /** What is fenced: a run's key, or a partition. */
  readonly key: string;
  /** The fencing token of the run's claim; larger is newer. */
  readonly token: number;
}

export interface FencedWriteOptions extends WriteOptions {
  readonly fence?: Fence | undefined;
}

export interface MergeOptions extends FencedWriteOptions {
  /** Columns that identify a row. */
  readonly key: readonly string[];
  /** Rows of this partition that were not given are deleted. */
  readonly scope: Partition;
}

export interface WriteResult {
  /** Rows that the table has gained or that replaced others. */
  readonly rows: number;
}
