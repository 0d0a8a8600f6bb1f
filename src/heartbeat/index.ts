export type { Beat } from './beat.ts';
export { heartbeatChain, type HeartbeatChainOptions } from './chain.ts';
export { type Heartbeat, type HeartbeatOptions, startHeartbeat } from './emitter.ts';
export { memorySink } from './memory-sink.ts';
export {
  type Health,
  type HealthReport,
  type MonitorOptions,
  readHealth,
  type RunHealth,
} from './monitor.ts';
export type { Heartbeats, HeartbeatSink, HeartbeatStatistics } from './sink.ts';
export { type LastWords, startWatchdog, type WatchdogOptions } from './watchdog.ts';
export type { Watchdog } from './watchdog-port.ts';
