import type { BigQueryClient, HeartbeatSink } from 'breakwater';
import type { VirtualClock } from 'breakwater/testing';

/** The real warehouse in a simulated night: while it works, the night stands still. */
export function heldWarehouse(warehouse: BigQueryClient, clock: VirtualClock): BigQueryClient {
  return {
    query: (sql, options) => clock.hold(warehouse.query(sql, options)),
    async *stream(sql, options) {
      const rows = warehouse.stream(sql, options);
      try {
        for (let next = await clock.hold(rows.next()); !next.done; next = await clock.hold(rows.next()))
          yield next.value;
      } finally {
        await rows.return();
      }
    },
    insert: (table, rows, options) => clock.hold(warehouse.insert(table, rows, options)),
    load: (table, source, options) => clock.hold(warehouse.load(table, source, options)),
    replacePartition: (...call) => clock.hold(warehouse.replacePartition(...call)),
    merge: (...call) => clock.hold(warehouse.merge(...call)),
  };
}

/** The same for a heartbeat sink that writes real files. */
export function heldSink(sink: HeartbeatSink, clock: VirtualClock): HeartbeatSink {
  return {
    name: sink.name,
    write: (beat, call) => clock.hold(sink.write(beat, call)),
    read: (call) => clock.hold(sink.read(call)),
  };
}
