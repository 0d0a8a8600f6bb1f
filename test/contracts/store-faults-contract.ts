import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/index.ts';
import type { VirtualClock } from '../../src/testing/index.ts';
import { faultsOf } from '../faults/faulty-store.ts';
import { replay, told } from '../faults/replay.ts';
import type { Scenario } from '../faults/scenarios.ts';

/** A store for one replay, whose time is the clock's. */
export interface StoreForFaults {
  readonly store: Store;
  close?(): Promise<void> | void;
}

/**
 * Invariants 4 to 6 with every kind of fault at every call of the store, one at a time: at most one run with the newest fence
 * writes; a run ends in one outcome, recorded once; what is acknowledged is done, recorded or parked, so that it comes to its end
 * though the instance is gone as soon as it has acknowledged.
 */
export function storeFaultsContract(
  name: string,
  make: (clock: VirtualClock) => StoreForFaults,
  scenarios: readonly Scenario[],
): void {
  describe(`${name} with a fault at every call`, () => {
    it.each(scenarios)(
      'keeps the invariants: $name',
      async (scenario) => {
        const play = (faults: Parameters<typeof told>[0]) =>
          replay(scenario, { make, faults, endsAtAcknowledgement: true });
        const { calls, problems } = await play([]);
        const found = problems.map((problem) => `without a fault: ${problem}`);
        for (const [at, call] of calls.entries()) {
          for (const kind of faultsOf(call)) {
            const faults = [{ at, kind }];
            const { problems } = await play(faults);
            found.push(...problems.map((problem) => `${told(faults, calls)}: ${problem}`));
          }
        }
        expect(found).toEqual([]);
      },
      300_000,
    );
  });
}
