import type { BigQueryClient, HeartbeatSink } from 'breakwater';
import { type FaultsOptions, faults } from 'breakwater/testing';

/**
 * The warehouse as it is on a bad night, far away: each call takes a while, the first that reads the betting lines is never
 * answered, and the batters' rows are refused five times, as too much at once.
 */
export function troubledWarehouse(warehouse: BigQueryClient, given: FaultsOptions): BigQueryClient {
  const distant = faults(given)
    .delay({ rate: 1, by: '700ms' })
    .delay({ rate: 0.25, by: '2s' })
    .wrap(warehouse, ['query', 'replacePartition']);
  const hanging = faults(given).script(['hang']).wrap(distant, ['query']);
  const refused = { throttle: { retryAfter: '2m' } } as const;
  const throttling = faults(given)
    .script([refused, refused, refused, refused, refused])
    .wrap(distant, ['replacePartition']);
  return {
    query: (sql, options) =>
      (/FROM nba_raw\.odds_api_player_points_props/.test(sql) ? hanging : distant).query(sql, options),
    replacePartition: (table, ...rest) =>
      (table === 'mlb_analytics.batter_game_summary' ? throttling : distant).replacePartition(table, ...rest),
    stream: (sql, options) => distant.stream(sql, options),
    insert: (table, rows, options) => distant.insert(table, rows, options),
    load: (table, source, options) => distant.load(table, source, options),
    merge: (table, rows, options) => distant.merge(table, rows, options),
  };
}

/** A sink that is away for some time: at first its writes hang, then they are refused. */
export function troubledSink(
  sink: HeartbeatSink,
  away: { readonly from: number; readonly to: number },
  given: FaultsOptions,
): HeartbeatSink {
  const gone = faults(given).script(['hang']).fail({ rate: 1 }).wrap(sink, ['write', 'read']);
  const now = () => {
    const at = given.clock.wallNow();
    return away.from <= at && at < away.to ? gone : sink;
  };
  return {
    name: sink.name,
    write: (beat, call) => now().write(beat, call),
    read: (call) => now().read(call),
  };
}
