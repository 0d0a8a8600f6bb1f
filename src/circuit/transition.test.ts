import { describe, expect, it } from 'vitest';
import { consecutiveFailures, defineTripRule, failureRate, type TripRule } from './index.ts';
import type { CircuitRecord } from './record.ts';
import { type CircuitEvent, type CircuitSettings, carriedOn, newCircuit, transition } from './transition.ts';

const settings: CircuitSettings = {
  trip: consecutiveFailures(1),
  openFor: 1_000,
  probes: 2,
  successes: 2,
  probeTimeout: 100,
};
type Step = readonly [now: number, event: CircuitEvent];

const recordAfter = (steps: readonly Step[], own: CircuitSettings = settings) =>
  steps.reduce<CircuitRecord>(
    (record, [now, event]) => transition(own, record, event, now).record,
    newCircuit(own),
  );
const leave = (
  epoch: number,
  probe: number | null,
  outcome: 'success' | 'failure' | 'ignored',
): CircuitEvent => ({
  kind: 'leave',
  ticket: { epoch, probe },
  outcome,
});
const enter: CircuitEvent = { kind: 'enter' };
const opens: Step = [5, leave(0, null, 'failure')];
const halfOpen = recordAfter([opens, [1_005, enter], [1_006, enter]]);

describe('the circuit as a machine', () => {
  it('starts closed, with nothing counted', () => {
    expect(newCircuit(settings)).toStrictEqual({
      state: 'closed',
      epoch: 0,
      trip: 0,
      counts: 'consecutiveFailures',
      failures: 0,
      openedAt: null,
      openUntil: null,
      probes: [],
      lingering: [],
      nextProbe: 0,
      successes: 0,
    });
  });

  it('keeps since when it is open until it closes', () => {
    expect(recordAfter([opens])).toMatchObject({ state: 'open', openedAt: 5, openUntil: 1_005 });
    expect(halfOpen).toMatchObject({ state: 'half-open', openedAt: 5, openUntil: null });
    const isolated = transition(settings, halfOpen, { kind: 'isolate' }, 1_010).record;
    expect(isolated).toMatchObject({ state: 'isolated', openedAt: 5, failures: 1 });
    const released = transition(settings, isolated, { kind: 'release' }, 1_020).record;
    expect(released).toMatchObject({ state: 'closed', openedAt: null, failures: 0 });
  });

  it('keeps of a probe who holds it only where somebody said so', () => {
    expect(halfOpen.probes).toStrictEqual([
      { id: 0, expires: 1_105 },
      { id: 1, expires: 1_106 },
    ]);
    const held = recordAfter([opens, [1_005, { kind: 'enter', holder: 'me' }]]);
    expect(held.probes).toStrictEqual([{ id: 0, expires: 1_105, holder: 'me' }]);
  });

  it('counts a probe once, and gives its place back', () => {
    const once = transition(settings, halfOpen, leave(2, 0, 'success'), 1_010).record;
    expect(once).toMatchObject({ successes: 1, probes: [{ id: 1 }] });
    expect(transition(settings, once, leave(2, 0, 'success'), 1_011).record).toBe(once);
    expect(transition(settings, once, leave(2, 0, 'failure'), 1_011).record).toBe(once);
    const back = transition(settings, halfOpen, leave(2, 1, 'ignored'), 1_010).record;
    expect(back).toMatchObject({ successes: 0, probes: [{ id: 0 }] });
  });

  it('lets a probe of an earlier epoch keep its place until its time is up, or it ends', () => {
    const own = { ...settings, openFor: 10 };
    const failed = recordAfter([opens, [15, enter], [16, enter], [20, leave(2, 0, 'failure')]], own);
    expect(failed).toMatchObject({ state: 'open', probes: [], lingering: [{ id: 1, expires: 116 }] });
    const again = transition(own, failed, enter, 30).record;
    expect(again).toMatchObject({ state: 'half-open', probes: [{ id: 2, expires: 130 }] });
    const rejected = transition(own, again, enter, 40);
    expect(rejected.effects).toEqual([{ kind: 'rejected', retryAfter: 76 }]);
    expect(transition(own, again, enter, 115).effects).toEqual([{ kind: 'rejected', retryAfter: 1 }]);
    expect(transition(own, again, enter, 116).effects).toMatchObject([{ kind: 'admitted' }]);
    const { record } = transition(own, again, leave(2, 1, 'failure'), 50);
    expect(record).toEqual({ ...again, lingering: [] });
    expect(transition(own, record, leave(2, 1, 'failure'), 50).record).toBe(record);
    expect(transition(own, record, enter, 50).effects).toMatchObject([{ kind: 'admitted' }]);
    const closed = transition(
      own,
      transition(own, again, leave(4, 2, 'success'), 50).record,
      { kind: 'reset' },
      60,
    );
    expect(closed.record).toMatchObject({ state: 'closed', lingering: [{ id: 1 }] });
  });

  it('counts the failure of a probe, and opens for its time from then on', () => {
    const { record, effects } = transition(settings, halfOpen, leave(2, 0, 'failure'), 1_010);
    expect(record).toMatchObject({
      state: 'open',
      failures: 2,
      openedAt: 1_010,
      openUntil: 2_010,
      probes: [],
    });
    expect(effects).toEqual([{ kind: 'moved', from: 'half-open', to: 'open' }]);
  });

  it('opens again when the first probe’s time was up, however late that is noticed, and grows its open time then', () => {
    const growth = { factor: 2, cap: 4_000, jitter: 0, quiet: 1 };
    const own = { ...settings, growth };
    const probing = recordAfter([opens, [1_005, enter], [1_050, enter]], own);
    const tick: CircuitEvent = { kind: 'tick' };
    const late = transition(own, probing, tick, 1_600);
    expect(late.record).toMatchObject({
      state: 'open',
      openedAt: 1_105,
      openUntil: 3_105,
      // The other one had its place then still.
      lingering: [{ id: 1, expires: 1_150 }],
      growth: { steps: 2, closedAt: 1_105 },
    });
    expect(late.effects).toEqual([{ kind: 'moved', from: 'half-open', to: 'open' }]);
    expect(transition(own, probing, tick, 1_105).record).toEqual(late.record);
    expect(transition(own, probing, tick, 1_104).record).toBe(probing);
    expect(transition(own, probing, enter, 3_104).effects.at(-1)).toEqual({
      kind: 'rejected',
      retryAfter: 1,
    });
    // After a silence of longer than that it probes with the first call.
    const probe = { kind: 'admitted', ticket: { epoch: 4, probe: 2 } };
    expect(transition(own, probing, enter, 3_105).effects).toEqual([
      { kind: 'moved', from: 'half-open', to: 'open' },
      { kind: 'moved', from: 'open', to: 'half-open' },
      probe,
    ]);
  });

  it('takes back the place of one lingering probe alone, when that has ended', () => {
    const own = { ...settings, openFor: 10, probes: 3 };
    const failed = recordAfter(
      [opens, [15, enter], [16, enter], [17, enter], [20, leave(2, 0, 'failure')]],
      own,
    );
    expect(failed.lingering).toMatchObject([{ id: 1 }, { id: 2 }]);
    const back = transition(own, failed, leave(2, 1, 'success'), 21).record;
    expect(back).toEqual({ ...failed, lingering: [{ id: 2, expires: 117 }] });
    const entered = [30, 30].reduce((record) => transition(own, record, enter, 30).record, back);
    expect(entered.probes).toHaveLength(2);
    expect(transition(own, entered, enter, 31).effects).toEqual([{ kind: 'rejected', retryAfter: 86 }]);
  });

  it('changes nothing by what says nothing', () => {
    const closed = newCircuit(settings);
    const unchanged: [CircuitRecord, CircuitEvent][] = [
      [closed, leave(0, null, 'ignored')],
      [closed, leave(0, null, 'success')],
      [closed, leave(1, null, 'failure')],
      [closed, { kind: 'ready' }],
      [closed, { kind: 'release' }],
      [closed, { kind: 'tick' }],
      [halfOpen, { kind: 'release' }],
      [halfOpen, { kind: 'ready' }],
      [halfOpen, leave(2, 7, 'failure')],
      [halfOpen, leave(1, 0, 'failure')],
    ];
    const isolated = recordAfter([[0, { kind: 'isolate' }]]);
    unchanged.push([isolated, { kind: 'isolate' }], [isolated, leave(1, null, 'failure')]);
    for (const [record, event] of unchanged) {
      const now = transition(settings, record, event, 1_010);
      expect(now.record).toBe(record);
      expect(now.effects).toEqual([]);
    }
  });

  it('does not take a reset of what is closed for a change of state, though it ends the epoch', () => {
    const { record, effects } = transition(settings, newCircuit(settings), { kind: 'reset' }, 0);
    expect(record).toEqual({ ...newCircuit(settings), epoch: 1 });
    expect(effects).toEqual([]);
  });

  it('counts failures also where its rule remembers nothing of them', () => {
    const trip = defineTripRule({ name: 'never', initial: null, record: () => null, trips: () => false });
    const steps: Step[] = [1, 2, 3].map((now) => [now, leave(0, null, 'failure')]);
    expect(recordAfter(steps, { ...settings, trip }).failures).toBe(3);
    expect(recordAfter([...steps, [4, leave(0, null, 'success')]], { ...settings, trip }).failures).toBe(0);
  });

  describe('of calls that still run', () => {
    const seen = defineTripRule({
      name: 'seen',
      initial: '',
      record: (_, { failed, running, duration, reportedAt }) =>
        [failed, running, duration, reportedAt].join(' '),
      trips: () => false,
    });
    const own = { ...settings, trip: seen };
    const running = (epoch: number): CircuitEvent => ({
      kind: 'running',
      ticket: { epoch, probe: null },
      duration: 20,
      reportedAt: 10,
    });

    it('tells its rule, as of no failure', () => {
      expect(recordAfter([[0, running(0)]], own)).toMatchObject({ trip: 'false true 20 10', failures: 0 });
      const failed = recordAfter([[0, leave(0, null, 'failure')]], own);
      expect(failed).toMatchObject({ trip: 'true false 0 0', failures: 1 });
      // A call that runs is no success that would end a row of failures.
      expect(transition(own, failed, running(0), 1).record.failures).toBe(1);
    });

    it('tells its rule nothing of another epoch, or while it is not closed', () => {
      const isolated = recordAfter([[0, { kind: 'isolate' }]], own);
      expect(transition(own, isolated, running(1), 1).record).toBe(isolated);
      expect(transition(own, newCircuit(own), running(1), 1).record.trip).toBe('');
    });
  });

  describe('whose rule or chance throws', () => {
    const error = new Error('mine');
    const throws = () => {
      throw error;
    };
    const ruled = (rule: Partial<TripRule>): CircuitSettings => ({
      ...settings,
      trip: {
        ...defineTripRule({ name: 'own', initial: 0, record: (n) => n + 1, trips: () => true }),
        ...rule,
      },
    });
    const running: CircuitEvent = {
      kind: 'running',
      ticket: { epoch: 0, probe: null },
      duration: 1,
      reportedAt: 0,
    };

    it.each([
      ['record', leave(0, null, 'failure')],
      ['record', leave(0, null, 'success')],
      ['record', running],
      ['trips', leave(0, null, 'failure')],
      ['trips', leave(0, null, 'success')],
      ['trips', running],
    ] as const)('counts nothing where %s threw, and says so: %o', (part, event) => {
      const own = ruled({ [part]: throws });
      const record = newCircuit(own);
      const after = transition(own, record, event, 0);
      expect(after.record).toBe(record);
      expect(after.effects).toEqual([{ kind: 'fault', error }]);
    });

    it('asks nothing of the rule while it is not closed, and so closes by its probes all the same', () => {
      const own = { ...settings, ...ruled({ record: throws }), successes: 1 };
      const { record } = transition(own, { ...halfOpen, trip: 0 }, leave(2, 0, 'success'), 1_010);
      expect(record.state).toBe('closed');
    });

    it.each([
      ['throws', throws, 'mine'],
      [
        'gives NaN',
        () => Number.NaN,
        'random must be a function that gives numbers of at least 0 and below 1',
      ],
      ['gives 1', () => 1, 'random must be'],
      ['gives less than nothing', () => -0.01, 'random must be'],
      ['gives text', () => '0.5' as never, 'random must be'],
    ])('opens for its time without jitter where chance %s, and says so', (_what, random, told) => {
      const growth = { factor: 2, cap: 4_000, jitter: 0.5, quiet: 10_000 };
      const { record, effects } = transition(
        { ...settings, growth, random },
        newCircuit(settings),
        opens[1],
        5,
      );
      expect(record).toMatchObject({ state: 'open', openUntil: 1_005 });
      expect(effects).toEqual([
        { kind: 'fault', error: expect.objectContaining({ message: expect.stringContaining(told) }) },
        { kind: 'moved', from: 'closed', to: 'open' },
      ]);
    });

    it('takes a chance of nothing at all for what it is', () => {
      const growth = { factor: 2, cap: 4_000, jitter: 0.5, quiet: 10_000 };
      const own = { ...settings, growth, random: () => 0 };
      expect(transition(own, newCircuit(settings), opens[1], 5).effects).toEqual([
        { kind: 'moved', from: 'closed', to: 'open' },
      ]);
    });

    it('says so also where a probe that hung opens it again', () => {
      const growth = { factor: 2, cap: 4_000, jitter: 0.5, quiet: 10_000 };
      const { record, effects } = transition({ ...settings, growth, random: throws }, halfOpen, enter, 1_200);
      expect(record.openUntil).toBe(2_105);
      expect(effects).toEqual([
        { kind: 'fault', error },
        { kind: 'moved', from: 'half-open', to: 'open' },
        { kind: 'rejected', retryAfter: 905 },
      ]);
    });
  });

  it('is carried on by its own rule, and by another from nothing', () => {
    const counted = recordAfter([[0, leave(0, null, 'failure')]], {
      ...settings,
      trip: consecutiveFailures(3),
    });
    expect(counted).toMatchObject({ trip: 1, counts: 'consecutiveFailures' });
    expect(carriedOn(settings, counted)).toBe(counted);
    const rated = { ...settings, trip: failureRate({ threshold: 1, window: '10s' }) };
    const { counts: _, ...old } = counted;
    for (const record of [counted, old])
      expect(carriedOn(rated, record)).toEqual({
        ...counted,
        trip: rated.trip.initial,
        counts: 'failures in 10000 ms',
      });
    // What it opens with is its own, whoever wrote the record.
    const opened = transition(rated, counted, { kind: 'reset' }, 0).record;
    expect(opened).toMatchObject({ trip: rated.trip.initial, counts: 'failures in 10000 ms' });
  });

  describe('whose open time grows', () => {
    const growth = { factor: 2, cap: 4_000, jitter: 0, quiet: 10_000 };
    const growing = { ...settings, growth };
    const failing = (epoch: number): CircuitEvent => leave(epoch, null, 'failure');

    it('takes a release for no reset', () => {
      const before: Step[] = [
        [0, failing(0)],
        [1, { kind: 'isolate' }],
      ];
      expect(recordAfter([...before, [2, { kind: 'release' }], [3, failing(3)]], growing).openUntil).toBe(
        2_003,
      );
      expect(recordAfter([...before, [2, { kind: 'reset' }], [3, failing(3)]], growing).openUntil).toBe(
        1_003,
      );
    });

    it('grows no more steps than its cap takes, and by openings alone', () => {
      expect(recordAfter([[0, failing(0)]], growing).growth?.steps).toBe(1);
      expect(
        recordAfter(
          [
            [0, failing(0)],
            [0, { kind: 'ready' }],
          ],
          growing,
        ).growth?.steps,
      ).toBe(1);
      let record = recordAfter([[0, failing(0)]], growing);
      const seen: number[] = [];
      for (let opening = 0; opening < 4; opening++) {
        for (const kind of ['isolate', 'release'] as const)
          record = transition(growing, record, { kind }, 0).record;
        record = transition(growing, record, failing(record.epoch), 0).record;
        seen.push(record.growth?.steps as number, record.openUntil as number);
      }
      expect(seen).toEqual([2, 2_000, 2, 4_000, 2, 4_000, 2, 4_000]);
    });

    it('adds as much by chance as it says, and nothing by default', () => {
      const by = (random: number, jitter: number) =>
        recordAfter([[0, failing(0)]], { ...settings, growth: { ...growth, jitter }, random: () => random })
          .openUntil;
      expect([by(0.5, 0.5), by(0, 0.5), by(0.9, 0)]).toEqual([1_250, 1_000, 1_000]);
    });

    it('lets a process that knows of no growth carry on', () => {
      const record = { ...newCircuit(settings), growth: { steps: 2, closedAt: 0 } };
      const { openUntil } = transition(settings, record, failing(0), 100).record;
      expect(openUntil).toBe(1_100);
    });
  });
});
