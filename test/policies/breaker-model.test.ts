import fc from 'fast-check';
import { describe, it } from 'vitest';
import { sequences } from '../setup/sequences.ts';
import { BreakerPair } from './breaker-pair.ts';
import { breakerSettings, breakerSteps } from './breaker-steps.ts';

describe('a circuit breaker against a naive one', () => {
  it('does the same in each sequence of events, and keeps its invariants after each of them', async () => {
    await fc.assert(
      fc.asyncProperty(breakerSettings, breakerSteps, async (settings, steps) => {
        const pair = new BreakerPair(settings);
        for (const step of steps) {
          await pair.take(step);
          pair.check();
        }
      }),
      sequences(10_000),
    );
  }, 600_000);
});
