import { describe, expect, it } from 'vitest';
import { newCircuit, transition } from '../../../src/circuit/index.ts';
import type { WorkRecord } from '../../../src/store/index.ts';
import { explainCircuits, settings } from './circuits.ts';
import { explain } from './explain.ts';
import type { Access, Deed, Operation, ProcessHistory } from './history.ts';
import { explainRegister } from './register.ts';

const place = 'work/x';

type Step = Partial<Access> & { readonly operation: 'get' | 'put' };

/** Reads and writes one after the other, each ten milliseconds long. */
function sequence(...steps: readonly Step[]): Access[] {
  return steps.map((step, index) => ({
    process: `p${index}`,
    place,
    calledAt: index * 20,
    answeredAt: index * 20 + 10,
    time: index,
    ...(step.operation === 'put' && { ok: true }),
    ...step,
  }));
}

const put = (version: string, ifVersion?: string, value: unknown = version) =>
  ({ operation: 'put', version, ifVersion, value }) as const;
const get = (version: string | undefined, value: unknown = version) =>
  ({ operation: 'get', version, value }) as const;
const problemsOf = (accesses: readonly Access[]) => explainRegister(place, accesses).problems;

describe('a register’s history', () => {
  it('is explained when it was one register', () => {
    const history = sequence(get(undefined), put('1'), get('1'), put('2', '1'), get('2'), {
      ...put('9', '1'),
      ok: false,
      version: undefined,
    });
    expect(explainRegister(place, history).chain.map(({ version }) => version)).toEqual(['1', '2']);
    expect(problemsOf(history)).toEqual([]);
  });

  it('is explained when a write without an answer was done, and when it was not', () => {
    const open = {
      ...put('', '1', 'open'),
      version: undefined,
      ok: undefined,
      answeredAt: Infinity,
      time: undefined,
    };
    expect(problemsOf(sequence(put('1'), open, get('2', 'open'), put('3', '2')))).toEqual([]);
    expect(problemsOf(sequence(put('1'), open, get('1'), put('2', '1')))).toEqual([]);
  });

  it.each<[string, Access[], RegExp]>([
    [
      'a version was replaced twice',
      sequence(put('1'), put('2', '1'), put('3', '1')),
      /replaced twice, by p1 and by p2/,
    ],
    ['two versions are the same', sequence(put('1'), put('1', '1')), /the same version/],
    ['a write stands on nothing', sequence(put('1'), put('3', '2')), /1 writes do not hang together/],
    [
      'a read is stale',
      sequence(put('1'), put('2', '1'), get('1')),
      /p1's put of version 2 was over|p2's get|over before/,
    ],
    [
      'a read came before what it read',
      sequence(get('1'), put('1')),
      /p0's get of version 1 was over before/,
    ],
    ['nobody wrote what was read', sequence(put('1'), get('2')), /p1 read version 2, which nobody wrote/],
    ['something else was read', sequence(put('1'), get('1', 'spoilt')), /what was not written/],
    [
      'a write was refused without a reason',
      sequence(put('1'), { ...put('2', '1'), ok: false, version: undefined }),
      /p1 was refused a write over version 1/,
    ],
    [
      'writes were done in another order',
      sequence(put('2', '1'), put('1')),
      /p0's put of version 2 was over before/,
    ],
    ['time went back', sequence({ ...put('1'), time: 9 }, { ...put('2', '1'), time: 8 }), /time went back/],
  ])('is not when %s', (_, history, problem) => {
    expect(problemsOf(history).join('\n')).toMatch(problem);
  });
});

interface Done {
  readonly deed: Deed;
  readonly result?: unknown;
  readonly accesses?: Access[];
}

/** Operations one after the other, by one process each. */
function histories(...operations: readonly Done[]): ProcessHistory[] {
  return operations.map(({ deed, result, accesses = [] }, index) => {
    const process = `p${index}`;
    const begunAt = index * 100;
    const own = accesses.map((access, call) => ({
      ...access,
      process,
      place: deed.place,
      calledAt: begunAt + 10 * call + 1,
      answeredAt: begunAt + 10 * call + 9,
    }));
    const operation: Operation = { process, deed, begunAt, endedAt: begunAt + 90, result, accesses: own };
    return { process, operations: [operation], lastSeen: begunAt + 5_000 };
  });
}

describe('a history of claims', () => {
  const record = (fence: number, lease: Partial<WorkRecord['lease']> | null, parked: string | null = null) =>
    ({ fence, lease, parked: parked && { reason: parked }, gaveUp: null }) as unknown as WorkRecord;
  const lease = (runId: string, until: number, again = false) => ({ runId, until, again });
  const at = (time: number, access: Step) => ({
    ...(sequence(access)[0] as Access),
    time,
  });
  const claim = (runId: string): Deed => ({ kind: 'claim', place, runId, duration: 300 });
  const first = {
    deed: claim('a'),
    result: { claimed: true, fence: 1_000 },
    accesses: [at(1_000, get(undefined)), at(1_000, put('1', undefined, record(1_000, lease('a', 1_300))))],
  };
  const release = (runId: string, next: WorkRecord, time = 1_100) => ({
    deed: { kind: 'release', place, runId, settlement: 'clear' } as const,
    result: { again: false },
    accesses: [at(time, get('1', record(1_000, lease('a', 1_300)))), at(time, put('2', '1', next))],
  });
  const problems = (...operations: readonly Done[]) => explain(histories(...operations)).problems.join('\n');
  const second = (fence: number, time: number) => ({
    deed: claim('b'),
    result: { claimed: true, fence },
    accesses: [
      at(time, get('1', record(1_000, lease('a', 1_300)))),
      at(time, put('2', '1', record(fence, lease('b', time + 300)))),
    ],
  });

  it('is explained when each deed was what it should be', () => {
    expect(problems(first, release('a', record(1_000, null)))).toBe('');
    expect(problems(first, second(1_300, 1_300))).toBe('');
  });

  it.each<[string, Done, RegExp]>([
    [
      'a live run’s key was taken',
      second(1_299, 1_299),
      /claim made .*"b".* of .*"a".*, and not .*"again":true/,
    ],
    ['a fence was given twice', second(1_000, 1_300), /held by a and by b/],
    [
      'somebody gave back what was not his',
      release('b', record(1_000, null)),
      /gave back what it did not hold/,
    ],
    [
      'what a run’s end leaves was lost',
      release('a', record(1_000, null, 'again')),
      /release made .*"again".*, and not/,
    ],
    [
      'a run was recovered before its claim had ended',
      { ...release('a', record(1_000, null)), deed: { kind: 'recover', place, runId: 'a' } },
      /recovered a run whose claim had not ended/,
    ],
    [
      'a claim was answered that was not written',
      { ...second(1_300, 1_300), result: { claimed: true, fence: 1_301 } },
      /given the fence 1301 without having written it/,
    ],
    [
      'a run was told of a live one that is not there',
      {
        deed: claim('b'),
        result: { claimed: false },
        accesses: [at(1_100, get('1', record(1_000, lease('a', 1_300))))],
      },
      /was told that a live run has the key/,
    ],
  ])('is not when %s', (_, bad, problem) => {
    expect(problems(first, bad)).toMatch(problem);
  });

  it.each([
    ['an output was written under an older fence', 2, 1, /b wrote under an older fence than a/],
    ['two runs wrote under one fence', 2, 2, /a and b wrote under the same fence/],
  ])('is not when %s', (_, before, after, problem) => {
    const write = (runId: string, fence: number, version: string, ifVersion?: string) => ({
      deed: { kind: 'write', place: 'outputs/x', runId, fence } as const,
      result: true,
      accesses: [at(1, put(version, ifVersion, { runId, fence }))],
    });
    expect(problems(write('a', before, '1'), write('b', after, '2', '1'))).toMatch(problem);
  });
});

describe('a history of circuits', () => {
  const circuit = 'circuits/a';
  const ticket = { epoch: 0, probe: null };
  const leave: Deed = { kind: 'leave', place: circuit, ticket, outcome: 'failure' };
  const counted = transition(settings, newCircuit(settings), { ...leave, kind: 'leave' }, 5).record;
  const read = { ...(sequence(get(undefined))[0] as Access), time: 5 };
  const written = (record: object) =>
    sequence(put('1', undefined, { ...record, applied: ['p0:0'] }))[0] as Access;
  const problems = (...operations: readonly Done[]) => explainCircuits(histories(...operations)).join('\n');

  it('is explained when each step is the transition’s', () => {
    expect(problems({ deed: leave, accesses: [read, written(counted)] })).toBe('');
  });

  it('is not when a transition was another, or was lost', () => {
    const other = written({ ...counted, failures: 2 });
    expect(problems({ deed: leave, accesses: [read, other] })).toMatch(
      /leave wrote .*"failures":2.*, and not .*"failures":1/,
    );
    expect(problems({ deed: leave, accesses: [read] })).toMatch(
      /leave changed the circuit and wrote nothing/,
    );
    expect(problems({ deed: leave })).toMatch(/leave was lost/);
  });

  it('is not when a refused write was taken for done', () => {
    const refused = { ...written(counted), ok: false };
    expect(problems({ deed: leave, accesses: [read, refused] })).toMatch(
      /changed the circuit and wrote nothing/,
    );
  });

  it('is not when somebody was let in who should not have been', () => {
    const open = {
      ...newCircuit(settings),
      state: 'open',
      epoch: 1,
      openedAt: 1,
      openUntil: 99,
      applied: [],
    };
    const readOpen = { ...(sequence(get('1', open))[0] as Access), time: 5 };
    const result = { admitted: true, ticket: { epoch: 1, probe: null } };
    expect(problems({ deed: { kind: 'enter', place: circuit }, result, accesses: [readOpen] })).toMatch(
      /was answered .*"admitted":true.*, and not .*"admitted":false/,
    );
  });

  it('is not when more probes were at work than may be', () => {
    const places = [0, 1, 2].map((id) => ({ id, expires: 99 }));
    const crowded = written({ ...counted, state: 'half-open', probes: places });
    expect(problems({ deed: leave, accesses: [read, crowded] })).toMatch(/let 3 probes in at once/);
    const probe = (id: number) => ({
      deed: { kind: 'enter', place: circuit } as const,
      result: { admitted: true, ticket: { epoch: 1, probe: id } },
    });
    const together = (...probes: ReturnType<typeof probe>[]) =>
      explainCircuits(
        histories(...probes).map((history) => ({
          ...history,
          operations: history.operations.map((entered) => ({ ...entered, begunAt: 0, endedAt: 20 })),
        })),
      ).join('\n');
    expect(together(probe(0), probe(1))).not.toMatch(/at work at once/);
    expect(together(probe(0), probe(1), probe(2))).toMatch(/circuits\/a: 3 probes were at work at once/);
  });
});
