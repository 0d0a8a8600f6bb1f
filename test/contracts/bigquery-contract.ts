import { afterAll, beforeAll, describe } from 'vitest';
import type { BigQueryClient, QueryRow } from '../../src/clients/index.ts';
import type { VirtualClock } from '../../src/testing/index.ts';
import { boundsContract, queryBoundsContract } from './bigquery-bounds.ts';
import { fencesContract } from './bigquery-fences.ts';
import { insertsContract } from './bigquery-inserts.ts';
import { loadsContract } from './bigquery-loads.ts';
import { queriesContract } from './bigquery-queries.ts';
import { typedWritesContract } from './bigquery-typed-writes.ts';
import { writesContract } from './bigquery-writes.ts';

/** A warehouse, opened once for all tests; each makes tables of its own. */
export interface BigQueryUnderTest {
  readonly client: BigQueryClient;
  /** A second client of the same tables, as another process would have; the same one where there can't be two. */
  readonly other: BigQueryClient;
  /** Drives the time-outs of both. */
  readonly clock: VirtualClock;
  close?(): Promise<void> | void;
}

/** One that need not know SQL. */
export interface WritableUnderTest extends BigQueryUnderTest {
  /** A new empty table of games (`Game`), by its name. */
  newTable(): Promise<string>;
  rowsOf(table: string): Promise<QueryRow[]>;
}

/** A row of the tables that the contract writes to. */
export interface Game {
  readonly game_id: string;
  readonly game_date: string;
  readonly team: string | null;
  readonly points: number | null;
}

/** A suite's warehouse, as its tests reach it. */
export type Bed<T> = () => T;

const dataset = 'breakwater_contract';

/** What every BigQueryClient must do. Registers its tests in the current vitest file. */
export function bigqueryContract(
  name: string,
  make: () => Promise<BigQueryUnderTest> | BigQueryUnderTest,
): void {
  let count = 0;
  const writable = async (): Promise<WritableUnderTest> => {
    const under = await make();
    const { client } = under;
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${dataset}`);
    return {
      ...under,
      async newTable() {
        const table = `${dataset}.games_${++count}`;
        await client.query(
          `CREATE OR REPLACE TABLE ${table} (game_id STRING NOT NULL, game_date DATE, team STRING, points INT64)`,
        );
        return table;
      },
      rowsOf: (table) => client.query(`SELECT * FROM ${table} ORDER BY game_id`),
    };
  };
  suite(name, writable, (bed) => {
    queriesContract(bed, dataset);
    queryBoundsContract(bed);
    writesContract(bed);
    insertsContract(bed);
    typedWritesContract(bed, dataset);
    loadsContract(bed);
    fencesContract(bed);
    boundsContract(bed);
  });
}

/** What a BigQueryClient without SQL must do all the same. */
export function bigqueryWritesContract(
  name: string,
  make: () => Promise<WritableUnderTest> | WritableUnderTest,
): void {
  suite(name, make, (bed) => {
    writesContract(bed);
    insertsContract(bed);
    loadsContract(bed);
    fencesContract(bed);
    boundsContract(bed);
  });
}

function suite(
  name: string,
  make: () => Promise<WritableUnderTest> | WritableUnderTest,
  register: (bed: Bed<WritableUnderTest>) => void,
): void {
  describe(`${name} as a BigQuery client`, () => {
    let under: WritableUnderTest;
    beforeAll(async () => {
      under = await make();
    });
    afterAll(async () => {
      await under.close?.();
    });
    register(() => under);
  });
}
