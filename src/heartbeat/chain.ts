import type { Logger } from '../clients/index.ts';
import {
  type CircuitBreaker,
  circuitBreaker,
  compose,
  consecutiveFailures,
  type Policy,
  timeout,
} from '../policy/index.ts';
import type { Clock } from '../time/index.ts';
import type { Beat } from './beat.ts';
import type { Heartbeats, HeartbeatSink } from './sink.ts';

export interface HeartbeatChainOptions {
  /** In the order in which they are tried. */
  readonly sinks: readonly HeartbeatSink[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** The longest one call of a sink may take, in milliseconds. Default: 2,000. */
  readonly timeout?: number | undefined;
  /** How long a sink that failed is left alone before it is tried again, in milliseconds. Default: 30,000. */
  readonly openFor?: number | undefined;
}

interface Link {
  readonly sink: HeartbeatSink;
  readonly breaker: CircuitBreaker;
  readonly policy: Policy;
}

/**
 * Sinks in order, each bounded in time and behind a circuit of its own: a beat goes to the first that takes it, so a sink that
 * is away costs one late beat, not every one. A beat that no sink took is counted and logged, and the run goes on.
 */
export function heartbeatChain(options: HeartbeatChainOptions): Heartbeats {
  const { sinks, clock, logger, timeout: after = 2_000, openFor = 30_000 } = options;
  const links = sinks.map((sink): Link => {
    const breaker = circuitBreaker({
      name: `heartbeat/${sink.name}`,
      trip: consecutiveFailures(1),
      openFor,
      probeTimeout: after * 2,
      // Whatever a sink throws, it has not taken the beat.
      handle: (outcome) => !outcome.ok,
      clock,
    });
    return { sink, breaker, policy: compose(breaker, timeout({ after, clock })) };
  });
  const delivered: Record<string, number> = Object.fromEntries(sinks.map(({ name }) => [name, 0]));
  let lost = 0;
  let losing = false;

  async function deliver(beat: Beat): Promise<string | undefined> {
    const errors: unknown[] = [];
    for (const { sink, policy } of links) {
      const outcome = await policy.executeOutcome(({ signal }) => sink.write(beat, { signal }));
      if (outcome.ok) return sink.name;
      errors.push(outcome.error);
    }
    if (!losing) logger.error('a heartbeat reached no sink', { runId: beat.runId, key: beat.key, errors });
    return undefined;
  }

  return {
    sinks,
    async send(beat) {
      const sink = await deliver(beat);
      if (sink === undefined) {
        lost += 1;
        losing = true;
        return { lost: true };
      }
      delivered[sink] = (delivered[sink] ?? 0) + 1;
      if (losing) logger.warn(`heartbeats reach ${sink} again; ${lost} were lost so far`, { lost, sink });
      losing = false;
      return { sink };
    },
    statistics: () => ({
      delivered: { ...delivered },
      lost,
      degraded: links[0] !== undefined && links[0].breaker.state !== 'closed',
    }),
  };
}
