export type { Beat } from './beat.ts';
export type { Heartbeats, HeartbeatSink, HeartbeatStatistics } from './sink.ts';
export type { Watchdog } from './watchdog-port.ts';
