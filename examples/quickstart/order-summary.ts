import { AnalyticsProcessorBase, type DateRange, defineProcessor, type Run } from 'breakwater';
import { rows } from 'breakwater/upstream';

export interface Order {
  customer: string;
  amount: number;
}
export interface Summary {
  order_date: string;
  customer: string;
  orders: number;
  total: number;
}

/** What each customer ordered on a day. */
export class OrderSummary extends AnalyticsProcessorBase<Order[], Summary> {
  static readonly processor = defineProcessor({
    name: 'OrderSummary',
    sport: 'shop',
    output: 'shop.order_summary',
    partition: 'order_date',
    key: ['order_date', 'customer'],
    timeout: '5m',
  });

  /** Not a line is read before this is true. */
  upstream(options: DateRange) {
    return [rows('shop.orders').forDates(options).atLeast(1)];
  }

  protected extract(run: Run<DateRange>) {
    const sql = 'SELECT customer, amount FROM shop.orders WHERE game_date = @date';
    return run.bigquery.query<Order>(sql, { params: { date: run.date } });
  }

  protected transform(orders: Order[], run: Run<DateRange>) {
    return [...Map.groupBy(orders, ({ customer }) => customer)].map(([customer, own]) => ({
      order_date: run.date,
      customer,
      orders: own.length,
      total: own.reduce((sum, { amount }) => sum + amount, 0),
    }));
  }
}
