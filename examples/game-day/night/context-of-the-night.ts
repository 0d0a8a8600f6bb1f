import {
  type Context,
  heartbeatChain,
  type Heartbeats,
  type HeartbeatSink,
  type LogFields,
  type Logger,
} from 'breakwater';
import type { LocalContext } from 'breakwater/local';
import { seededRandom, type VirtualClock } from 'breakwater/testing';
import { createUpstreamReader } from 'breakwater/upstream';
import type { NightNews } from './events.ts';
import { heldSink, heldWarehouse } from './held.ts';
import { troubledSink, troubledWarehouse } from './trouble.ts';

type Tell = (news: NightNews) => void;

/** The embedded context with the night's troubles in front of its clients; nothing in it knows that they are made up. */
export function troubledContext(
  local: LocalContext,
  clock: VirtualClock,
  trouble: {
    readonly seed: number;
    readonly sinkAway: { readonly from: number; readonly to: number };
  },
  tell: Tell,
): Context {
  const { logger } = local;
  const given = { clock, random: seededRandom(trouble.seed + 1) };
  const bigquery = troubledWarehouse(heldWarehouse(local.bigquery, clock), given);
  const [first, ...others] = local.heartbeats.sinks.map((sink) => heldSink(sink, clock)) as [
    HeartbeatSink,
    ...HeartbeatSink[],
  ];
  const sinks = [troubledSink(first, trouble.sinkAway, given), ...others];
  return {
    ...local,
    bigquery,
    upstream: createUpstreamReader({ bigquery, clock, logger }),
    heartbeats: watched(heartbeatChain({ sinks, clock, logger }), tell),
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
