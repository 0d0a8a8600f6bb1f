export * from './clients/index.ts';
export { type Config, type ConfigOverrides, type Context, config } from './context/index.ts';
export {
  type Beat,
  type HeartbeatChainOptions,
  type Heartbeats,
  type HeartbeatSink,
  type HeartbeatStatistics,
  heartbeatChain,
  memorySink,
} from './heartbeat/index.ts';
export * from './policy/index.ts';
export * from './processor/index.ts';
export {
  circuitRecords,
  type RunRecord,
  runRecords,
  type Store,
  type WorkRecord,
  workRecords,
} from './store/index.ts';
