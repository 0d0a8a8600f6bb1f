import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleBeat } from '../../test/contracts/heartbeat-sink-contract.ts';
import { switchedSink } from '../../test/faults/switched-sink.ts';
import { ConfigurationError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Beat } from './beat.ts';
import { readHealth } from './monitor.ts';
import type { HeartbeatSink } from './sink.ts';

const clockAt = () => new VirtualClock();

function holding(name: string, beats: readonly Beat[], unreadable: readonly (string | undefined)[] = []) {
  return {
    name,
    write: async () => {},
    async read(call) {
      for (const runId of unreadable)
        call.unreadable?.({ record: `${runId ?? '?'}.json`, runId, error: new Error('cut short') });
      return beats;
    },
  } satisfies HeartbeatSink;
}

const failing: HeartbeatSink = {
  name: 'failing',
  write: async () => {},
  read: () => {
    throw new Error('permission denied');
  },
};

describe('heartbeat monitor', () => {
  it.each([
    ['healthy', '0s'],
    ['healthy', '299s'],
    ['stale', '5m'],
    ['stale', '899s'],
    ['dead', '15m'],
    ['dead', '12h'],
  ])('takes a run for %s when its last beat was %s ago', async (health, age) => {
    const clock = clockAt();
    const sinks = [holding('a', [exampleBeat(clock)]), holding('b', [])];
    await clock.advance(age);
    const report = await readHealth({ sinks, clock });
    expect(report.runs).toMatchObject([{ health, age: clock.now() }]);
    expect(report).toMatchObject({ unread: [], unreadable: [], blind: false });
  });

  it('goes by the thresholds that it is given', async () => {
    const clock = clockAt();
    const sinks = [holding('a', [exampleBeat(clock)])];
    await clock.advance('40s');
    const health = async (staleAfter: number, deadAfter: number) =>
      (await readHealth({ sinks, clock, staleAfter, deadAfter })).runs[0]?.health;
    expect(await health(60_000, 90_000)).toBe('healthy');
    expect(await health(30_000, 90_000)).toBe('stale');
    expect(await health(30_000, 40_000)).toBe('dead');
    await expect(health(30_000, 20_000)).rejects.toThrow(ConfigurationError);
    await expect(health(0, 20_000)).rejects.toThrow('monitor.staleAfter');
  });

  it('judges by the newest beat of all sinks, and does not judge what has ended', async () => {
    const clock = clockAt();
    const old = exampleBeat(clock, { sequence: 5 });
    const over = exampleBeat(clock, { runId: 'run-2', key: 'k2', sequence: 8 });
    await clock.advance('20m');
    const sinks = [
      holding('a', [old, over]),
      holding('b', [
        exampleBeat(clock, { sequence: 6 }),
        exampleBeat(clock, { runId: 'run-2', key: 'k2', sequence: 9, status: 'failed' }),
      ]),
    ];
    await clock.advance('1m');
    const { runs } = await readHealth({ sinks, clock });
    expect(runs.map(({ beat, health, age }) => [beat.runId, beat.sequence, health, age])).toEqual([
      ['run-2', 9, 'ended', 60_000],
      ['run-1', 6, 'healthy', 60_000],
    ]);
    await clock.advance('10h');
    expect((await readHealth({ sinks, clock })).runs.map(({ health }) => health)).toEqual(['ended', 'dead']);
  });

  it('tells alive from progressing', async () => {
    const clock = clockAt();
    const progressed = new Date(clock.wallNow()).toISOString();
    await clock.advance('2h');
    const sinks = [holding('a', [exampleBeat(clock, { progressed })])];
    await clock.advance('30s');
    expect((await readHealth({ sinks, clock })).runs).toMatchObject([
      { health: 'healthy', age: 30_000, sinceProgress: 7_230_000 },
    ]);
  });

  it('does not judge a silent run whose key a newer run has taken over', async () => {
    const clock = clockAt();
    const crashed = exampleBeat(clock, { fence: 10, sequence: 90 });
    await clock.advance('20m');
    const sinks = [
      holding('a', [crashed]),
      holding('b', [exampleBeat(clock, { runId: 'run-2', fence: 11 })]),
    ];
    const { runs } = await readHealth({ sinks, clock });
    expect(runs.map(({ beat, health }) => [beat.runId, health])).toEqual([
      ['run-1', 'superseded'],
      ['run-2', 'healthy'],
    ]);
  });

  it('calls a silent run unknown, never dead, when a sink could not be read', async () => {
    const clock = clockAt();
    const fresh = exampleBeat(clock, { runId: 'run-2', key: 'k2' });
    const sinks = [failing, holding('b', [exampleBeat(clock)])];
    for (const age of ['6m', '10h']) {
      await clock.advance(age);
      const report = await readHealth({ sinks, clock });
      expect(report.runs).toMatchObject([{ health: 'unknown' }]);
      expect(report.unread).toMatchObject([{ sink: 'failing', error: { message: 'permission denied' } }]);
      expect(report.blind).toBe(false);
    }
    const now = { ...fresh, beat: new Date(clock.wallNow()).toISOString() };
    const { runs } = await readHealth({ sinks: [failing, holding('b', [now])], clock });
    expect(runs).toMatchObject([{ health: 'healthy' }]);
  });

  it('is blind, and names why, when no sink could be read', async () => {
    const clock = clockAt();
    const hung = switchedSink(clock, 'hung');
    hung.state = 'hung';
    const report = await clock.runUntil(readHealth({ sinks: [failing, hung], clock }));
    expect(report).toMatchObject({
      runs: [],
      blind: true,
      unread: [{ sink: 'failing' }, { sink: 'hung', error: { name: 'TimeoutError' } }],
    });
    expect(clock.now()).toBe(5_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('calls unknown only the run whose record was unreadable, or all silent ones where nobody knows whose it was', async () => {
    const clock = clockAt();
    const beats = ['run-1', 'run-2'].map((runId) => exampleBeat(clock, { runId, key: runId }));
    await clock.advance('1h');
    const judged = async (...unreadable: (string | undefined)[]) => {
      const sinks = [holding('a', beats), holding('b', [], unreadable)];
      const report = await readHealth({ sinks, clock });
      expect(report.unreadable).toMatchObject(unreadable.map((runId) => ({ sink: 'b', runId })));
      return report.runs.map(({ health }) => health);
    };
    expect(await judged()).toEqual(['dead', 'dead']);
    expect(await judged('run-2')).toEqual(['dead', 'unknown']);
    expect(await judged(undefined)).toEqual(['unknown', 'unknown']);
  });

  it("takes a beat of a clock a little ahead of its own as of now, and can't tell the age of one far ahead", async () => {
    const clock = clockAt();
    const beat = exampleBeat(clock);
    const judged = async () => {
      const { runs } = await readHealth({ sinks: [holding('a', [beat])], clock });
      return [runs[0]?.health, runs[0]?.age];
    };
    clock.stepWall('-60s');
    expect(await judged()).toEqual(['healthy', 0]);
    clock.stepWall('-1s');
    expect(await judged()).toEqual(['unknown', 0]);
  });

  it('can not tell the age of a beat without a time', async () => {
    const clock = clockAt();
    const sinks = [holding('a', [exampleBeat(clock, { beat: 'yesterday' })])];
    expect((await readHealth({ sinks, clock })).runs).toMatchObject([{ health: 'unknown' }]);
  });

  it('never calls a run dead that may have beaten since, whatever the sinks hold', async () => {
    const sinkStates = fc.array(
      fc.record({
        readable: fc.boolean(),
        // Minutes ago, by sequence: a later beat is a newer one.
        beats: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(sinkStates, async (states) => {
        const clock = clockAt();
        await clock.advance('1h');
        const beatFrom = (minutes: number) =>
          exampleBeat(clock, {
            sequence: 41 - minutes,
            beat: new Date(clock.wallNow() - minutes * 60_000).toISOString(),
          });
        const sinks = states.map(({ readable, beats }, index) =>
          readable
            ? holding(`s${index}`, beats.map(beatFrom))
            : { ...holding(`s${index}`, []), read: () => Promise.reject(new Error('away')) },
        );
        const { runs, blind, unread } = await readHealth({ sinks, clock });
        const seen = states.filter(({ readable }) => readable).flatMap(({ beats }) => beats);
        const newest = Math.min(...seen);
        const complete = states.every(({ readable }) => readable);
        expect(blind).toBe(states.every(({ readable }) => !readable));
        expect(unread).toHaveLength(states.filter(({ readable }) => !readable).length);
        const expected = newest < 5 ? 'healthy' : !complete ? 'unknown' : newest < 15 ? 'stale' : 'dead';
        expect(runs.map(({ health }) => health)).toEqual(seen.length === 0 ? [] : [expected]);
      }),
    );
  });

  it('gives every sink a signal that is aborted when its time is up', async () => {
    const clock = clockAt();
    let aborted = false;
    const slow: HeartbeatSink = {
      name: 'slow',
      write: async () => {},
      read: (call) =>
        new Promise((_, reject) => {
          call.signal.addEventListener('abort', () => {
            aborted = true;
            reject(call.signal.reason);
          });
        }),
    };
    await clock.runUntil(readHealth({ sinks: [slow], clock, timeout: 100 }));
    expect(aborted).toBe(true);
  });
});
