import type { Logger } from '../clients/index.ts';
import {
  type CircuitBreaker,
  CircuitOpenError,
  type Clock,
  circuitBreaker,
  compose,
  ConfigurationError,
  consecutiveFailures,
  type Outcome,
  type Policy,
  timeout,
} from '../policy/index.ts';
import { milliseconds } from '../time/index.ts';
import type { Beat } from './beat.ts';
import { LossLog, SinkLog } from './chain-log.ts';
import type { Heartbeats, HeartbeatSink } from './sink.ts';

export interface HeartbeatChainOptions {
  /** In the order in which they are tried; each with a name of its own. */
  readonly sinks: readonly HeartbeatSink[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** The longest one call of a sink may take, in milliseconds. Default: 2,000. */
  readonly timeout?: number | undefined;
  /**
   * How long a sink that failed is left alone before a beat probes it, in milliseconds. Keep it below the interval between
   * beats, so that every one may find the sink back. Default: 30,000.
   */
  readonly openFor?: number | undefined;
}

/**
 * Sinks in order, each call bounded in time and each sink behind a circuit of its own that opens at the first failure.
 *
 * A beat goes to the first sink with a closed circuit that takes it. A sink whose circuit is due for a probe gets the same beat
 * beside it, so that nobody waits for a sink that may still be away; the last beat of a run probes nothing, as the run waits
 * for it. If none of these took the beat, the sinks that were left alone are asked too: a beat is lost only if every sink
 * failed it, each was asked once, and `send` takes at most the time-out for each sink. Of two that took it, the earlier in the
 * order is the one that it was delivered to.
 *
 * @throws ConfigurationError for no sinks, two of one name, or a duration that is none.
 */
export function heartbeatChain(options: HeartbeatChainOptions): Heartbeats {
  const { sinks, clock, logger } = options;
  const links = linksOf(options);
  const delivered: Record<string, number> = Object.fromEntries(sinks.map(({ name }) => [name, 0]));
  const losses = new LossLog(clock, logger);
  return {
    sinks: [...sinks],
    async send(beat) {
      const { sink, errors } = await deliver(links, beat);
      if (sink === undefined) {
        losses.lost(beat, errors);
        return { lost: true };
      }
      delivered[sink] = (delivered[sink] ?? 0) + 1;
      losses.delivered(sink);
      return { sink };
    },
    statistics: () => ({
      delivered: { ...delivered },
      lost: losses.total,
      degraded: links[0]?.breaker.state !== 'closed',
    }),
  };
}

interface Link {
  readonly sink: HeartbeatSink;
  readonly breaker: CircuitBreaker;
  /** The call under circuit and time-out. */
  readonly guarded: Policy;
  /** The call under the time-out alone. */
  readonly bounded: Policy;
  readonly sightings: SinkLog;
}

interface Attempt {
  readonly link: Link;
  readonly outcome: Promise<Outcome<void>>;
}

interface Delivery {
  readonly sink: string | undefined;
  readonly errors: Readonly<Record<string, unknown>>;
}

async function deliver(links: readonly Link[], beat: Beat): Promise<Delivery> {
  const errors: Record<string, unknown> = {};
  const leftAlone: Link[] = [];
  const start = (link: Link, policy: Policy): Attempt => ({
    link,
    outcome: policy.executeOutcome(({ signal }) => link.sink.write(beat, { signal })),
  });
  const startRegardless = (link: Link): Attempt => {
    const { outcome } = start(link, link.bounded);
    const closing = outcome.then((result) => {
      if (result.ok) link.breaker.reset();
      return result;
    });
    return { link, outcome: closing };
  };
  const takes = async ({ link, outcome }: Attempt): Promise<boolean> => {
    const result = await outcome;
    if (result.ok) link.sightings.took(link.breaker.state);
    else if (isRejectedBy(link.breaker, result.error)) leftAlone.push(link);
    else {
      errors[link.sink.name] = result.error;
      // A failure of a call that was begun before the sink came back is no news of it: the circuit tells.
      if (link.breaker.state !== 'closed') link.sightings.failed(result.error);
    }
    return result.ok;
  };

  const takers = new Set<Link>();
  const tryOne = async (attempt: Attempt): Promise<void> => {
    if (await takes(attempt)) takers.add(attempt.link);
  };
  const probes: Attempt[] = [];
  for (const link of links) {
    if (link.breaker.state === 'closed') {
      await tryOne(start(link, link.guarded));
      if (takers.size > 0) break;
    } else if (beat.status === 'running') probes.push(start(link, link.guarded));
    else leftAlone.push(link);
  }
  // Bounded by the time-out, and waited for so that nothing is left behind when the beat has been sent.
  for (const probe of probes) await tryOne(probe);
  // All at once: the run may be waiting.
  if (takers.size === 0)
    for (const attempt of leftAlone.splice(0).map(startRegardless)) await tryOne(attempt);
  return { sink: links.find((link) => takers.has(link))?.sink.name, errors };
}

function isRejectedBy(breaker: CircuitBreaker, error: unknown): boolean {
  return error instanceof CircuitOpenError && error.circuit === breaker.name;
}

function linksOf({ sinks, clock, logger, ...options }: HeartbeatChainOptions): readonly Link[] {
  const after = milliseconds('heartbeatChain.timeout', options.timeout ?? 2_000);
  const openFor = milliseconds('heartbeatChain.openFor', options.openFor ?? 30_000);
  const names = sinks.map(({ name }) => name);
  if (names.length === 0 || new Set(names).size < names.length) {
    throw new ConfigurationError(
      'heartbeatChain.sinks',
      'at least one sink, each with a name of its own',
      names.join(', ') || names,
    );
  }
  const bounded = timeout({ after, clock });
  return sinks.map((sink): Link => {
    const breaker = circuitBreaker({
      name: `heartbeat/${sink.name}`,
      trip: consecutiveFailures(1),
      openFor,
      probeTimeout: 2 * after,
      // Whatever a sink throws, it has not taken the beat.
      handle: (outcome) => !outcome.ok,
      clock,
    });
    const sightings = new SinkLog(sink.name, logger);
    return { sink, breaker, guarded: compose(breaker, bounded), bounded, sightings };
  });
}
