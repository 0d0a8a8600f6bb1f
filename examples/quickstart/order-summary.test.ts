import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestContext } from 'breakwater/testing';
import { OrderSummary } from './order-summary.ts';

test('sums what a customer ordered', async () => {
  const context = createTestContext();
  context.bigquery.on('FROM shop.orders', [
    { customer: 'ada', amount: 7 },
    { customer: 'ada', amount: 5 },
  ]);
  const [result] = await new OrderSummary(context).run({ startDate: '2026-01-15', endDate: '2026-01-15' });
  assert.equal(result.status, 'succeeded');
  assert.deepEqual(context.bigquery.rowsOf('shop.order_summary'), [
    { order_date: '2026-01-15', customer: 'ada', orders: 2, total: 12 },
  ]);
});
