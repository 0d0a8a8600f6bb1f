// A process that holds a warehouse and replaces one partition again and again, each time with rows of the next generation.
import { openWarehouse } from '../../src/local/index.ts';
import { partition, rowsOf, table } from './generations.ts';

const [file] = process.argv.slice(2) as [string];

const warehouse = await openWarehouse({ file });
await warehouse.query(`CREATE TABLE IF NOT EXISTS ${table} (game_date DATE, generation INT64, player INT64)`);
process.send?.({ generation: 0 });
for (let generation = 1; ; generation++) {
  const fence = { key: table, token: generation };
  await warehouse.replacePartition(table, partition, rowsOf(generation), { fence });
  process.send?.({ generation });
}
