import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/store/index.ts';
import { storeFaultsContract } from '../contracts/store-faults-contract.ts';
import { type FaultKind, faultsOf, type MadeCall } from './faulty-store.ts';
import { sequences } from '../setup/sequences.ts';
import { violationsOf } from './invariants.ts';
import { Ledger } from './ledger.ts';
import { replay, told } from './replay.ts';
import { scenarios } from './scenarios.ts';

const make = (clock: Parameters<typeof memoryStore>[0]['clock']) => ({ store: memoryStore({ clock }) });

storeFaultsContract('the store in memory', make, scenarios);

describe('two faults in one night', () => {
  const ofWrites: readonly FaultKind[] = faultsOf({ operation: 'put', collection: '', key: '' });
  const fault = fc.record({ place: fc.nat(1_000), kind: fc.constantFrom(...ofWrites) });
  const night = fc.record({
    scenario: fc.constantFrom(...scenarios),
    faults: fc.tuple(fault, fault),
    endsAtAcknowledgement: fc.boolean(),
  });
  const known = new Map<string, readonly MadeCall[]>();
  // The same nights each time: what fails must fail again, and what passes must not fail tomorrow. `MODEL_SEED` takes another
  // seed in their place: a night that fails with it is a bug in the code, or an expectation of its scenario that is not true.
  const { MODEL_SEED } = process.env;
  const seeds =
    MODEL_SEED === undefined ? [-809_577_360, -156_999_837, 1, 5, 107, 124] : [Number(MODEL_SEED)];

  it.each(seeds)(
    'keep the invariants too: seed %i',
    async (seed) => {
      await fc.assert(
        fc.asyncProperty(night, async ({ scenario, faults, endsAtAcknowledgement }) => {
          const play = (faults: Parameters<typeof told>[0]) =>
            replay(scenario, { make, faults, endsAtAcknowledgement });
          const calls = known.get(scenario.name) ?? (await play([])).calls;
          known.set(scenario.name, calls);
          // The first fault makes calls of its own: the second may hit those as well.
          const planned = faults.map(({ place, kind }) => ({ at: place % (calls.length + 10), kind }));
          const { problems } = await play(planned);
          expect({ of: told(planned, calls), problems }).toMatchObject({ problems: [] });
        }),
        { seed, ...sequences(1_000) },
      );
    },
    120_000,
  );
});

describe('what is held against the invariants', () => {
  const claim = (runId: string, fence: number) => ({ key: 'k', runId, fence });
  const played = (claims: Ledger['claims'], outcomes: [string, ('succeeded' | 'failed')[]][]) => {
    const ledger = new Ledger();
    ledger.claims.push(...claims);
    for (const [runId, ends] of outcomes) ledger.outcomes.set(runId, ends);
    return { ledger, written: [] as number[], violations: [], runs: [] };
  };

  it('is nothing, where all is well', () => {
    const well = played(
      [claim('a', 1), claim('b', 2)],
      [
        ['a', ['failed']],
        ['b', ['succeeded']],
      ],
    );
    expect(violationsOf({ ...well, written: [1, 2] })).toEqual([]);
  });

  it('is a fence that was given twice', () => {
    const twice = played(
      [claim('a', 1), claim('b', 1)],
      [
        ['a', ['failed']],
        ['b', ['failed']],
      ],
    );
    expect(violationsOf(twice)).toEqual(['claims got the fences 1,1']);
  });

  it('is a write after one with a newer fence, and one with a fence of nobody', () => {
    const both = played(
      [claim('a', 1), claim('b', 2)],
      [
        ['a', ['failed']],
        ['b', ['failed']],
      ],
    );
    expect(violationsOf({ ...both, written: [2, 1] })).toEqual(['a write with an older fence landed: 2,1']);
    expect(violationsOf({ ...both, written: [3] })).toEqual(['a write bore the fence 3 of no claim']);
  });

  it('is a run without an outcome, and one with two', () => {
    const none = played([claim('a', 1), claim('b', 2)], [['b', ['failed', 'succeeded']]]);
    expect(violationsOf(none)).toEqual([
      'run a was claimed and has no outcome',
      'run b ended as failed,succeeded',
    ]);
  });
});
