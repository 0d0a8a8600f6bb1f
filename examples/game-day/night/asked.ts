import type { BigQueryClient } from 'breakwater';

/** What runs ask of the warehouse. */
export interface Asked {
  /** Questions whether what runs need is there, many runs in one. */
  readonly looks: number;
  readonly reads: number;
  readonly writes: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** The warehouse, and what it has been asked: what never reached it is not counted. */
export function countedWarehouse(warehouse: BigQueryClient): {
  readonly warehouse: BigQueryClient;
  readonly asked: Asked;
} {
  const asked = { looks: 0, reads: 0, writes: 0, rowsRead: 0, rowsWritten: 0 };
  const written = async (write: ReturnType<BigQueryClient['insert']>) => {
    const result = await write;
    asked.writes += 1;
    asked.rowsWritten += result.rows;
    return result;
  };
  return {
    asked,
    warehouse: {
      async query(sql, options) {
        if (options?.labels?.breakwater === 'upstream') asked.looks += 1;
        else asked.reads += 1;
        const rows = await warehouse.query(sql, options);
        asked.rowsRead += rows.length;
        return rows;
      },
      async *stream(sql, options) {
        asked.reads += 1;
        for await (const row of warehouse.stream(sql, options)) {
          asked.rowsRead += 1;
          yield row;
        }
      },
      insert: (...call) => written(warehouse.insert(...call)),
      load: (...call) => written(warehouse.load(...call)),
      replacePartition: (...call) => written(warehouse.replacePartition(...call)),
      merge: (...call) => written(warehouse.merge(...call)),
    },
  };
}
