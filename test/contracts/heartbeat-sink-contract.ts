import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Beat, HeartbeatSink } from '../../src/heartbeat/index.ts';
import type { Clock } from '../../src/time/index.ts';

/** One place for beats, made empty for each test. */
export interface HeartbeatSinkUnderTest {
  readonly sink: HeartbeatSink;
  /** A second sink on the same place, as another process would have; the same one where there can't be two. */
  readonly other: HeartbeatSink;
  /** The clock by whose wall time the sink judges what has expired. */
  readonly clock: Clock & { advance(duration: string): Promise<void> };
  close?(): Promise<void> | void;
}

/** What every HeartbeatSink must do. Registers its tests in the current vitest file. */
export function heartbeatSinkContract(
  name: string,
  make: () => Promise<HeartbeatSinkUnderTest> | HeartbeatSinkUnderTest,
): void {
  describe(`${name} as a heartbeat sink`, () => {
    let place: HeartbeatSinkUnderTest;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(async () => {
      await place.close?.();
    });

    const { signal } = new AbortController();
    const beat = (changes: Partial<Beat> = {}): Beat => exampleBeat(place.clock, changes);
    const write = (changes: Partial<Beat> = {}, sink = place.sink) => sink.write(beat(changes), { signal });
    const read = async (sink = place.sink): Promise<readonly Beat[]> => {
      const unreadable: unknown[] = [];
      const beats = await sink.read({ signal, unreadable: (record) => unreadable.push(record) });
      expect(unreadable).toEqual([]);
      return [...beats].sort((a, b) => (a.runId < b.runId ? -1 : 1));
    };
    const sequences = async (sink = place.sink) => (await read(sink)).map(({ sequence }) => sequence);

    it('gives back what was written, every field of it', async () => {
      const full = beat({
        progress: { done: 7, total: 12.5, message: 'Dončić – 33 Punkte 🏀\n"zitiert"' },
        step: 'load',
        lag: 12.25,
      });
      const bare = beat({ runId: 'run-2', progress: null, step: null, lag: 0 });
      const open = beat({ runId: 'run-3', progress: { done: 0, total: null, message: null } });
      for (const each of [full, bare, open]) await place.sink.write(each, { signal });
      expect(await read()).toEqual([full, bare, open]);
    });

    it('is empty at first', async () => {
      expect(await read()).toEqual([]);
    });

    it('shows one process what another has written', async () => {
      await write({ sequence: 1 });
      expect(await sequences(place.other)).toEqual([1]);
      await write({ sequence: 2 }, place.other);
      expect(await sequences()).toEqual([2]);
    });

    it('keeps the newer beat of a run, and one record only', async () => {
      for (let sequence = 1; sequence <= 5; sequence++) await write({ sequence, step: `step ${sequence}` });
      expect(await read()).toMatchObject([{ sequence: 5, step: 'step 5' }]);
    });

    it('is not changed by an older beat that lands late', async () => {
      await write({ sequence: 3, step: 'load' });
      await write({ sequence: 2, step: 'extract' });
      await write({ sequence: 1, step: null }, place.other);
      expect(await read()).toMatchObject([{ sequence: 3, step: 'load' }]);
    });

    it('is not changed by a beat of the same sequence', async () => {
      await write({ sequence: 3, step: 'load' });
      await write({ sequence: 3, step: 'load again' });
      expect(await read()).toMatchObject([{ sequence: 3, step: 'load' }]);
    });

    it('keeps the end of a run, whatever lands after it', async () => {
      await write({ sequence: 4, status: 'running' });
      await write({ sequence: 5, status: 'failed' });
      await write({ sequence: 4, status: 'running' }, place.other);
      await write({ sequence: 3, status: 'running' });
      expect(await read()).toMatchObject([{ sequence: 5, status: 'failed' }]);
    });

    it('keeps two runs of one key apart, and two dates of one processor', async () => {
      await write({ runId: 'run-1', key: 'nba/team/2026-01-15', sequence: 9 });
      await write({ runId: 'run-2', key: 'nba/team/2026-01-15', sequence: 1, fence: 2 });
      await write({ runId: 'run-3', key: 'nba/team/2026-01-16', sequence: 4 });
      expect(await sequences()).toEqual([9, 1, 4]);
    });

    it('takes any text for a run id', async () => {
      const ids = [
        'a',
        'A',
        '..',
        'a/b',
        'a\\b',
        'a.b',
        'a%2Fb',
        'ä',
        'a b',
        '__x__',
        'x'.repeat(300),
      ].sort();
      for (const runId of ids) await write({ runId });
      for (const runId of ids) await write({ runId, sequence: 2 }, place.other);
      expect((await read()).map(({ runId, sequence }) => [runId, sequence])).toEqual(
        ids.map((id) => [id, 2]),
      );
    });

    it('holds many runs', async () => {
      const runs = Array.from({ length: 60 }, (_, index) => `run-${String(index).padStart(2, '0')}`);
      await Promise.all(runs.map((runId) => write({ runId })));
      await Promise.all(runs.map((runId, index) => (index % 2 ? write({ runId, sequence: 2 }) : undefined)));
      const found = await read(place.other);
      expect(found.map(({ runId }) => runId)).toEqual(runs);
      expect(found.map(({ sequence }) => sequence)).toEqual(runs.map((_, index) => (index % 2) + 1));
    });

    it('ends with the newest of what several processes write at once', async () => {
      const order = [4, 9, 1, 12, 7, 3, 10, 2, 8, 11, 5, 6];
      await Promise.all(
        order.map((sequence, index) => write({ sequence }, index % 2 ? place.sink : place.other)),
      );
      expect(await sequences()).toEqual([12]);
      expect(await sequences(place.other)).toEqual([12]);
    });

    it('never shows an older beat after a newer one, nor none, while it is written to', async () => {
      await write({ sequence: 1 });
      let writing = true;
      const writer = (async () => {
        for (let sequence = 2; sequence <= 25; sequence++) await write({ sequence });
        writing = false;
      })();
      let seen = 0;
      while (writing) {
        const [now, ...more] = await sequences(place.other);
        expect(more).toEqual([]);
        expect(now).toBeGreaterThanOrEqual(Math.max(1, seen));
        seen = now as number;
      }
      await writer;
      expect(await sequences(place.other)).toEqual([25]);
    });

    it('ends with the newest beat of each run, in whatever order they come', async () => {
      const writes = fc.array(
        fc.record({
          run: fc.integer({ min: 0, max: 3 }),
          sequence: fc.integer({ min: 1, max: 9 }),
          first: fc.boolean(),
        }),
        { maxLength: 25 },
      );
      let round = 0;
      await fc.assert(
        fc.asyncProperty(writes, async (sent) => {
          const prefix = `round-${String(round++).padStart(3, '0')}`;
          const newest = new Map<string, number>();
          for (const { run, sequence, first } of sent) {
            const runId = `${prefix}-${run}`;
            await write({ runId, sequence }, first ? place.sink : place.other);
            newest.set(runId, Math.max(sequence, newest.get(runId) ?? 0));
          }
          const found = (await read()).filter(({ runId }) => runId.startsWith(prefix));
          expect(new Map(found.map(({ runId, sequence }) => [runId, sequence]))).toEqual(newest);
        }),
        { numRuns: 15 },
      );
    });

    it('shows nothing that has expired', async () => {
      await write({ runId: 'run-1', expires: inAnHour() });
      await write({ runId: 'run-2' });
      await place.clock.advance('59m');
      expect(await read()).toHaveLength(2);
      await place.clock.advance('1m');
      expect((await read()).map(({ runId }) => runId)).toEqual(['run-2']);
      expect((await read(place.other)).map(({ runId }) => runId)).toEqual(['run-2']);
    });

    it('is not brought back to an expired run by a beat that lands late', async () => {
      const late = beat({ sequence: 1, expires: inAnHour() });
      await write({ sequence: 2, status: 'succeeded', expires: inAnHour() });
      await place.clock.advance('2h');
      await write({ runId: 'run-9' });
      await place.other.write(late, { signal });
      expect((await read()).map(({ runId }) => runId)).toEqual(['run-9']);
    });

    it('does nothing for a caller that has given up already', async () => {
      const reason = new Error('no longer wanted');
      const gone = AbortSignal.abort(reason);
      await expect(place.sink.write(beat(), { signal: gone })).rejects.toBe(reason);
      await expect(place.sink.read({ signal: gone })).rejects.toBe(reason);
      expect(await read()).toEqual([]);
    });

    it('shares nothing with its callers', async () => {
      const written = beat({ progress: { done: 1, total: 2, message: null } });
      await place.sink.write(written, { signal });
      Object.assign(written.progress ?? {}, { done: 99 });
      const [first] = await read();
      Object.assign(first ?? {}, { status: 'failed' });
      expect(await read()).toMatchObject([{ status: 'running', progress: { done: 1 } }]);
    });

    const inAnHour = () => new Date(place.clock.wallNow() + 3_600_000).toISOString();
  });
}

/** A valid beat of now, with what matters to a test laid over it. */
export function exampleBeat(clock: Clock, changes: Partial<Beat> = {}): Beat {
  const now = new Date(clock.wallNow()).toISOString();
  return {
    processor: 'TeamOffenseGameSummaryProcessor',
    key: 'nba_analytics.team_offense_game_summary/2026-01-15',
    runId: 'run-1',
    fence: 1,
    status: 'running',
    started: now,
    beat: now,
    sequence: 1,
    progress: null,
    step: null,
    progressed: now,
    lag: 0,
    host: 'host-1',
    version: '1.0.0',
    expires: new Date(clock.wallNow() + 24 * 3_600_000).toISOString(),
    ...changes,
  };
}
