import type { StoreForFaults } from '../contracts/store-faults-contract.ts';
import { createTestContext, type VirtualClock } from '../../src/testing/index.ts';
import type { MadeCall, PlannedFault } from './faulty-store.ts';
import { violationsOf } from './invariants.ts';
import type { Scenario } from './scenarios.ts';
import { World } from './world.ts';

export interface Replayed {
  /** What went wrong, a line each. */
  readonly problems: readonly string[];
  /** The calls of the store, until the scenario's end. */
  readonly calls: readonly MadeCall[];
}

export interface ReplayOptions {
  readonly make: (clock: VirtualClock) => StoreForFaults;
  readonly faults: readonly PlannedFault[];
  /** Whether an instance is gone as soon as it has acknowledged a message. */
  readonly endsAtAcknowledgement: boolean;
}

/** Plays a scenario with faults at some of its calls of the store, to its end and until nothing is left to do. */
export async function replay(scenario: Scenario, { make, ...options }: ReplayOptions): Promise<Replayed> {
  const context = createTestContext();
  const { clock } = context;
  const { store, close } = make(clock);
  const { giveUpAfter } = scenario;
  const world = new World({ ...options, context, store, giveUpAfter });
  let calls: readonly MadeCall[] = [];
  try {
    await clock.runUntil(
      world.play(async () => {
        await scenario.play(world);
        calls = [...world.plan.calls];
      }),
    );
    // What the dead left under way ends too.
    await clock.runAll();
    const { ledger, written, violations } = world;
    const runs = await world.runs();
    const problems = await scenario.faultsAtEnd(world);
    return { problems: [...violationsOf({ ledger, written, violations, runs }), ...problems], calls };
  } finally {
    await close?.();
  }
}

/** The faults in words. */
export function told(faults: readonly PlannedFault[], calls: readonly MadeCall[]): string {
  return faults
    .map(({ at, kind }) => {
      const { operation = 'call', collection = '?' } = calls[at] ?? {};
      return `${kind} at call ${at} (${operation} ${collection})`;
    })
    .join(', ');
}
