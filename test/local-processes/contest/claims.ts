import { isDeepStrictEqual } from 'node:util';
import type { WorkRecord } from '../../../src/store/index.ts';
import type { Access, Deed, Operation, ProcessHistory } from './history.ts';

/** What the model knows of a key: who has it, under which fence, and whether something is left to be done. */
export interface ModelledWork {
  readonly fence: number;
  readonly lease: { readonly runId: string; readonly until: number; readonly again: boolean } | null;
  readonly parked: string | null;
  readonly gaveUp: boolean;
}

const nothing: ModelledWork = { fence: 0, lease: null, parked: null, gaveUp: false };

/**
 * Claims as one would write them down who knows nothing of stores: what becomes of a key by a deed at a time, or why the deed can
 * not be done.
 */
export function modelled(before: ModelledWork, deed: Deed, time: number): ModelledWork | string {
  const { fence, lease, parked, gaveUp } = before;
  switch (deed.kind) {
    case 'claim': {
      if (lease !== null && lease.until > time) return { ...before, lease: { ...lease, again: true } };
      const next = Math.max(fence + 1, time);
      return {
        fence: next,
        lease: { runId: deed.runId, until: time + deed.duration, again: false },
        parked,
        gaveUp,
      };
    }
    case 'release': {
      if (lease?.runId !== deed.runId) return 'it gave back what it did not hold';
      const left = {
        clear: { parked: null, gaveUp: false },
        park: { parked: 'extract_failed', gaveUp: false },
        giveUp: { parked: null, gaveUp: true },
      }[deed.settlement];
      return { fence, lease: null, ...left, ...(lease.again && { parked: 'again' }) };
    }
    case 'recover':
      if (lease?.runId !== deed.runId) return 'it recovered what somebody else held';
      if (lease.until > time) return 'it recovered a run whose claim had not ended';
      return { fence, lease: null, parked: 'stale_heartbeat', gaveUp };
    default:
      return 'it changes no key';
  }
}

/** Whether all writes of keys, in their order, are what the model makes of the deeds; and whether every answer fits them. */
export function explainClaims(
  chains: ReadonlyMap<string, readonly Access[]>,
  histories: readonly ProcessHistory[],
): readonly string[] {
  const problems: string[] = [];
  const operations = histories.flatMap((history) => history.operations);
  const deedOf = new Map(
    operations.flatMap((operation) => operation.accesses.map((access) => [keyOf(access), operation])),
  );
  for (const [place, chain] of chains) {
    if (!place.startsWith('work/')) continue;
    let before = nothing;
    for (const write of chain) {
      const operation = deedOf.get(keyOf(write)) as Operation;
      const read = readBefore(operation, write);
      const next = modelled(before, operation.deed, read?.time as number);
      const actual = modelOf(write.value as WorkRecord);
      if (typeof next === 'string') problems.push(`${place}: ${write.process}: ${next}`);
      else if (!isDeepStrictEqual(next, actual))
        problems.push(
          `${place}: ${operation.deed.kind} made ${JSON.stringify(actual)} of ${JSON.stringify(before)}, and not ${JSON.stringify(next)}`,
        );
      before = actual;
    }
  }
  for (const operation of operations) {
    const problem = answerProblem(operation);
    if (problem !== undefined) problems.push(`${operation.deed.place}: ${operation.process}: ${problem}`);
  }
  return [...problems, ...wrongWriters(chains, operations)];
}

/** Whether the answer fits what was read and written last. */
function answerProblem({ deed, accesses, endedAt, result }: Operation): string | undefined {
  if (endedAt === Infinity) return undefined;
  const work = accesses.filter(({ place }) => place.startsWith('work/'));
  const last = work.findLast(({ operation, ok }) => operation === 'get' || ok);
  const written = last?.operation === 'put' ? (last.value as WorkRecord) : undefined;
  if (deed.kind === 'claim') {
    const answer = result as { claimed: boolean; fence?: number };
    if (!answer.claimed) {
      const lease = leaseIn(last);
      return lease?.again && lease.runId !== deed.runId ? undefined : 'was told that a live run has the key';
    }
    const isItsOwn = written?.lease?.runId === deed.runId && written.fence === answer.fence;
    return isItsOwn ? undefined : `was given the fence ${answer.fence} without having written it`;
  }
  if (deed.kind !== 'release') return undefined;
  if (result === 'lost') {
    return leaseIn(last)?.runId === deed.runId ? 'was told that its own claim was lost' : undefined;
  }
  return written?.lease === null ? undefined : 'was told that it gave the key back, which it did not';
}

/** The outputs' writers: each fence is one run's, and none is older than the one before. */
function wrongWriters(
  chains: ReadonlyMap<string, readonly Access[]>,
  operations: readonly Operation[],
): readonly string[] {
  const problems: string[] = [];
  const holders = new Map<string, string>();
  for (const { deed, result } of operations) {
    const { claimed, fence } = (result ?? {}) as { claimed?: boolean; fence?: number };
    if (deed.kind !== 'claim' || !claimed) continue;
    const place = `${deed.place} under fence ${fence}`;
    const other = holders.get(place);
    if (other !== undefined) problems.push(`${place}: held by ${other} and by ${deed.runId}`);
    holders.set(place, deed.runId);
  }
  for (const [place, chain] of chains) {
    if (!place.startsWith('outputs/')) continue;
    let before = { fence: 0, runId: '' };
    for (const { value } of chain) {
      const output = value as typeof before;
      if (output.fence < before.fence)
        problems.push(`${place}: ${output.runId} wrote under an older fence than ${before.runId}`);
      if (output.fence === before.fence && output.runId !== before.runId)
        problems.push(`${place}: ${before.runId} and ${output.runId} wrote under the same fence`);
      before = output;
    }
  }
  return problems;
}

function modelOf({ fence, lease, parked, gaveUp }: WorkRecord): ModelledWork {
  return {
    fence,
    lease: lease && { runId: lease.runId, until: lease.until, again: lease.again },
    parked: parked?.reason ?? null,
    gaveUp: gaveUp !== null,
  };
}

function leaseIn(access: Access | undefined): WorkRecord['lease'] {
  return (access?.value as WorkRecord | undefined)?.lease ?? null;
}

function readBefore({ accesses }: Operation, write: Access): Access | undefined {
  return accesses.findLast(
    ({ operation, place, calledAt }) =>
      operation === 'get' && place === write.place && calledAt < write.calledAt,
  );
}

function keyOf({ process, calledAt, place }: Access): string {
  return `${process} ${calledAt} ${place}`;
}
