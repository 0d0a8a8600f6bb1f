export type { Beat } from './beat.ts';
export { parseBeat } from './beat-record.ts';
export { type HeartbeatChainOptions, heartbeatChain } from './chain.ts';
export { type Heartbeat, type HeartbeatOptions, startHeartbeat } from './emitter.ts';
export { type MemorySinkOptions, memorySink } from './memory-sink.ts';
export {
  type Health,
  type HealthReport,
  type MonitorOptions,
  type RunHealth,
  readHealth,
} from './monitor.ts';
export type {
  Heartbeats,
  HeartbeatSink,
  HeartbeatStatistics,
  SinkCall,
  SinkRead,
  UnreadableBeat,
} from './sink.ts';
export {
  type LastWords,
  type RunningWatchdog,
  startWatchdog,
  type WatchdogOptions,
} from './watchdog.ts';
export type { Watchdog } from './watchdog-port.ts';
