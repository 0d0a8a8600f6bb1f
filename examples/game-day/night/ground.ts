import type { Context, Logger } from 'breakwater';
import { createLocalContext } from 'breakwater/local';
import type { VirtualClock } from 'breakwater/testing';
import { heldSink, heldWarehouse } from './held.ts';

/** What a night is played on. Real work that its context does holds the night's clock. */
export interface Ground {
  readonly context: Context;
  close(): Promise<void>;
}

/** What the night gives to its ground. */
export interface NightParts {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** The embedded default, in an empty folder. */
export async function localGround(dir: string, { clock, random, logger }: NightParts): Promise<Ground> {
  const local = await createLocalContext({ dir, clock, random, logger });
  const sinks = local.heartbeats.sinks.map((sink) => heldSink(sink, clock));
  return {
    context: {
      ...local,
      bigquery: heldWarehouse(local.bigquery, clock),
      heartbeats: { ...local.heartbeats, sinks },
    },
    close: () => local.close(),
  };
}
