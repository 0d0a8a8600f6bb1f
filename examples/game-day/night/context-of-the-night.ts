import {
  type Context,
  heartbeatChain,
  type Heartbeats,
  type HeartbeatSink,
  type LogFields,
  type Logger,
} from 'breakwater';
import { seededRandom } from 'breakwater/testing';
import { createUpstreamReader } from 'breakwater/upstream';
import { type Asked, countedWarehouse } from './asked.ts';
import type { NightNews } from './events.ts';
import { troubledSink, troubledWarehouse } from './trouble.ts';

type Tell = (news: NightNews) => void;

/** A context with the night's troubles in front of its clients; nothing in it knows that they are made up. */
export function troubledContext(
  sound: Context,
  trouble: {
    readonly seed: number;
    readonly sinkAway: { readonly from: number; readonly to: number };
  },
  tell: Tell,
): { readonly context: Context; readonly asked: Asked } {
  const { clock, logger } = sound;
  const given = { clock, random: seededRandom(trouble.seed + 1) };
  const { warehouse, asked } = countedWarehouse(sound.bigquery);
  const bigquery = troubledWarehouse(warehouse, given);
  const [first, ...others] = sound.heartbeats.sinks as [HeartbeatSink, ...HeartbeatSink[]];
  const sinks = [troubledSink(first, trouble.sinkAway, given), ...others];
  return {
    context: {
      ...sound,
      bigquery,
      upstream: createUpstreamReader({ bigquery, clock, logger }),
      heartbeats: watched(heartbeatChain({ sinks, clock, logger }), tell),
    },
    asked,
  };
}

/** What the library logs is news of the night. */
export function newsLogger(tell: Tell): Logger {
  const say = (level: 'info' | 'warn' | 'error') => (message: string, _fields?: LogFields) =>
    tell({ kind: 'said', level, message });
  const logger: Logger = {
    debug() {},
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    child: () => logger,
  };
  return logger;
}

function watched(heartbeats: Heartbeats, tell: Tell): Heartbeats {
  return {
    sinks: heartbeats.sinks,
    statistics: () => heartbeats.statistics(),
    async send(beat) {
      const delivery = await heartbeats.send(beat);
      tell({ kind: 'beat', beat, sink: 'sink' in delivery ? delivery.sink : undefined });
      return delivery;
    },
  };
}
