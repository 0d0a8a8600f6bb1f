import type { World } from './world.ts';

/** What has gone against invariants 4 to 6, a line each, when all is over. */
export function violationsOf({ ledger, written, violations, runs }: Played): readonly string[] {
  const found = [...violations];
  // 4: fences grow with the claims, so each is one run's; and the warehouse took none after a newer one.
  const fences = ledger.claims.map(({ fence }) => fence);
  if (!grow(fences)) found.push(`claims got the fences ${fences}`);
  const known = new Set(fences);
  for (const [index, fence] of written.entries()) {
    if (!known.has(fence)) found.push(`a write bore the fence ${fence} of no claim`);
    if (fence < Math.max(...written.slice(0, index)))
      found.push(`a write with an older fence landed: ${written}`);
  }
  // 5: one outcome a run, and none is left without.
  for (const { runId } of ledger.claims)
    if (!ledger.outcomes.has(runId)) found.push(`run ${runId} was claimed and has no outcome`);
  for (const [runId, outcomes] of ledger.outcomes)
    if (outcomes.length !== 1) found.push(`run ${runId} ended as ${outcomes}`);
  for (const { runId, status } of runs)
    if (status === 'running') found.push(`run ${runId} counts as running for ever`);
  return found;
}

interface Played extends Pick<World, 'ledger' | 'written' | 'violations'> {
  readonly runs: Awaited<ReturnType<World['runs']>>;
}

function grow(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] as number));
}
