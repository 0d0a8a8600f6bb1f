import { explainCircuits } from './circuits.ts';
import { explainClaims } from './claims.ts';
import type { Access, ProcessHistory } from './history.ts';
import { explainRegister } from './register.ts';

/** What the sequential model can't explain in the histories of several processes, a line each. */
export function explain(histories: readonly ProcessHistory[]): {
  readonly problems: readonly string[];
  readonly chains: ReadonlyMap<string, readonly Access[]>;
} {
  const places = Map.groupBy(
    histories.flatMap(({ operations }) => operations.flatMap(({ accesses }) => accesses)),
    ({ place }) => place,
  );
  const chains = new Map<string, readonly Access[]>();
  const problems: string[] = [];
  for (const [place, accesses] of places) {
    const explained = explainRegister(place, accesses);
    chains.set(place, explained.chain);
    problems.push(...explained.problems);
  }
  // The order is what the rest is judged by.
  if (problems.length === 0)
    problems.push(...explainClaims(chains, histories), ...explainCircuits(histories));
  return { problems, chains };
}
