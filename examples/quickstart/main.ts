import { createLocalContext } from 'breakwater/local';
import { createDispatcher } from 'breakwater/trigger';
import { OrderSummary } from './order-summary.ts';

const day = { startDate: '2026-01-15', endDate: '2026-01-15' };
const context = await createLocalContext({ dir: './state' });
const { bigquery } = context;
await bigquery.query('CREATE SCHEMA IF NOT EXISTS shop');
await bigquery.query(
  'CREATE OR REPLACE TABLE shop.orders (game_date DATE, customer STRING, amount FLOAT64, processed_at TIMESTAMP)',
);
await bigquery.query(
  'CREATE OR REPLACE TABLE shop.order_summary (order_date DATE, customer STRING, orders INT64, total FLOAT64)',
);

const dispatcher = createDispatcher({ processors: [OrderSummary], context });
const [early] = await dispatcher.dispatch('OrderSummary', day, { trigger: 'operator', force: true });
console.log(`${early.status}: ${early.reason}`); // nothing is there yet: the run is parked

await bigquery.load(
  'shop.orders',
  '{"game_date":"2026-01-15","customer":"ada","amount":7,"processed_at":"2026-01-15T20:00:00Z"}\n',
);
// Whoever writes a table says so; what waited for it is started.
const { results } = await dispatcher.tableUpdated('shop.orders', ['2026-01-15']);
console.log(`${results[0]?.status}: ${results[0]?.reason}`);
console.log(await bigquery.query('SELECT customer, orders, total FROM shop.order_summary'));
await context.close();
