import { isDeepStrictEqual } from 'node:util';
import {
  type CircuitEvent,
  type CircuitRecord,
  type CircuitSettings,
  consecutiveFailures,
  newCircuit,
  transition,
} from '../../../src/circuit/index.ts';
import type { StoredCircuit } from '../../../src/store/index.ts';
import type { Access, Deed, Operation, ProcessHistory } from './history.ts';

export const settings = {
  trip: consecutiveFailures(3),
  // Shorter than a probe may take: those of an earlier epoch are still at work when the next may begin.
  openFor: 60,
  probes: 2,
  successes: 2,
  probeTimeout: 100,
} satisfies CircuitSettings;

export const cacheFor = 30;

type CircuitOperation = Operation & { readonly deed: Deed & { readonly kind: 'enter' | 'leave' } };

/**
 * Whether every answer and every write of shared circuits is what the pure transition gives for the record that was read, at the
 * store's time of that reading; and whether ever more probes were at work than there may be.
 */
export function explainCircuits(histories: readonly ProcessHistory[]): readonly string[] {
  const problems: string[] = [];
  for (const history of histories) {
    const seen = new Map<string, { readonly record: CircuitRecord | undefined; readonly at: number }>();
    for (const operation of history.operations) {
      if (isOfCircuit(operation)) {
        const { deed, process } = operation;
        const found = [...explainOne(operation, seen.get(deed.place))];
        problems.push(...found.map((problem) => `${deed.place}: ${process}'s ${deed.kind} ${problem}`));
      }
      // The circuit took its time for "seen" after the answer, and before the operation's end.
      for (const { place, operation: kind, value, ok, answeredAt } of operation.accesses)
        if (answeredAt < Infinity && (kind === 'get' || ok))
          seen.set(place, { record: recordOf(value), at: operation.endedAt });
    }
  }
  return [...problems, ...tooManyProbes(histories)];
}

function isOfCircuit(operation: Operation): operation is CircuitOperation {
  return operation.deed.kind === 'enter' || operation.deed.kind === 'leave';
}

function* explainOne(
  { deed, accesses, endedAt, begunAt, result }: CircuitOperation,
  before: { readonly record: CircuitRecord | undefined; readonly at: number } | undefined,
): Generator<string> {
  const last = accesses.findLast(({ operation, answeredAt }) => operation === 'get' && answeredAt < Infinity);
  if (last === undefined) {
    if (endedAt < Infinity && accesses.length === 0) yield* explainCached(deed, result, before, begunAt);
    return;
  }
  const puts = accesses.filter(({ operation }) => operation === 'put');
  for (const put of puts) {
    const read = accesses.findLast(
      ({ operation, calledAt }) => operation === 'get' && calledAt < put.calledAt,
    ) as Access;
    const { record, applied } = expected(deed, read, idOf(put));
    const wanted = JSON.parse(JSON.stringify({ ...record, applied }));
    const { probes } = put.value as StoredCircuit;
    if (probes.length > settings.probes) yield `let ${probes.length} probes in at once`;
    if (put.ifVersion !== read.version) yield `wrote over ${put.ifVersion}, having read ${read.version}`;
    if (!isDeepStrictEqual(wanted, put.value))
      yield `wrote ${JSON.stringify(put.value)}, and not ${JSON.stringify(wanted)}`;
  }
  if (endedAt === Infinity) return;
  const done = puts.at(-1);
  const { answer, isNew } = expected(deed, last, done && idOf(done));
  if (isNew !== (done?.ok === true && done.calledAt > last.calledAt))
    yield isNew ? 'changed the circuit and wrote nothing' : 'wrote though nothing had changed';
  if (deed.kind === 'enter' && !isDeepStrictEqual(answer, told(result)))
    yield `was answered ${JSON.stringify(result)}, and not ${JSON.stringify(answer)}`;
}

/** What should have come of the deed. */
function expected(deed: CircuitOperation['deed'], read: Access, id: string | undefined) {
  const there = recordOf(read.value);
  const before = there ?? newCircuit(settings);
  const event: CircuitEvent =
    deed.kind === 'enter'
      ? { kind: 'enter', holder: id }
      : { kind: 'leave', ticket: deed.ticket, outcome: deed.outcome };
  const { record, effects } = transition(settings, before, event, read.time as number);
  const applied = [...((read.value as StoredCircuit | undefined)?.applied ?? []), id].slice(-20);
  const isUsed = record.epoch > 0 || record.failures > 0 || record.nextProbe > 0;
  let answer: unknown;
  for (const effect of effects) {
    if (effect.kind === 'admitted') answer = { admitted: true, ticket: effect.ticket };
    if (effect.kind === 'rejected') answer = { admitted: false };
  }
  // A record that says no more than none at all is not written.
  return { record, applied, answer, isNew: there === undefined ? isUsed : record !== before };
}

/** An answer without a question to the store follows from a record that was seen a moment ago. */
function* explainCached(
  deed: CircuitOperation['deed'],
  result: unknown,
  before: { readonly record: CircuitRecord | undefined; readonly at: number } | undefined,
  now: number,
): Generator<string> {
  const record = before?.record ?? newCircuit(settings);
  // A moment may pass between the answer and its line in the history.
  if (before === undefined || now - before.at > cacheFor + 5)
    yield 'was answered from a record that is too old';
  if (deed.kind === 'enter') {
    const { state, epoch } = record;
    const answer =
      state === 'closed'
        ? { admitted: true, ticket: { epoch, probe: null } }
        : state === 'open'
          ? { admitted: false }
          : undefined;
    if (!isDeepStrictEqual(answer, told(result)))
      yield `was answered ${JSON.stringify(result)} from a record that is ${state}`;
  } else if (deed.outcome !== 'success' || record.state !== 'closed' || record.failures > 0) yield 'was lost';
}

function told(result: unknown): unknown {
  const { admitted, ticket } = result as { admitted: boolean; ticket?: unknown };
  return admitted ? { admitted, ticket } : { admitted };
}

function recordOf(value: unknown): CircuitRecord | undefined {
  if (value === undefined) return undefined;
  const { applied: _, ...record } = value as StoredCircuit;
  return record;
}

function idOf(put: Access): string | undefined {
  return (put.value as StoredCircuit).applied.at(-1);
}

/** Each probe is at work from its admission until its end, its process's death or the end of its place. */
function tooManyProbes(histories: readonly ProcessHistory[]): readonly string[] {
  const changes = new Map<string, { readonly at: number; readonly by: 1 | -1 }[]>();
  for (const { operations, lastSeen } of histories) {
    for (const [index, { deed, result, begunAt, endedAt }] of operations.entries()) {
      const probe = (result as { ticket?: { probe: number | null } } | undefined)?.ticket?.probe;
      if (deed.kind !== 'enter' || probe === undefined || probe === null) continue;
      // The store's time is in whole milliseconds: a place may end one sooner than by this clock.
      const placeEnd = begunAt + settings.probeTimeout - 1;
      const end = Math.min(operations[index + 1]?.begunAt ?? lastSeen, placeEnd);
      if (end <= endedAt) continue;
      const ofPlace = changes.get(deed.place) ?? [];
      changes.set(deed.place, ofPlace);
      ofPlace.push({ at: endedAt, by: 1 }, { at: end, by: -1 });
    }
  }
  return [...changes].flatMap(([place, ofPlace]) => {
    let atWork = 0;
    let most = 0;
    for (const { by } of ofPlace.sort((a, b) => a.at - b.at || a.by - b.by)) {
      atWork += by;
      most = Math.max(most, atWork);
    }
    return most > settings.probes ? [`${place}: ${most} probes were at work at once`] : [];
  });
}
