import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LostLeaseError, StoreUnavailableError } from '../errors/index.ts';
import { memoryStore, type Store, workRecords } from '../store/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { type ClaimRequest, claim } from './claim.ts';
import { release } from './release.ts';

const key = 'nba_analytics.team_offense_game_summary/2025-03-15';

function request(
  runId: string,
  duration = 60_000,
  recordDead: ClaimRequest['recordDead'] = async () => {},
): ClaimRequest {
  const options = { startDate: '2025-03-15', endDate: '2025-03-15' };
  return {
    key,
    processor: 'P',
    sport: 'nba',
    date: '2025-03-15',
    options,
    runId,
    holder: 'h',
    startedAt: '2025-03-16T04:00:00Z',
    duration,
    recordDead,
  };
}

function setUp() {
  const clock = new VirtualClock();
  const store = memoryStore({ clock });
  const record = async () => {
    const { entry } = await store.collection(workRecords).get(key);
    if (!entry?.readable) throw new Error('no record');
    return entry.value;
  };
  return { clock, store, record };
}

describe('claims', () => {
  it('gives a key to one run and tells the live one to go again', async () => {
    const { store, record } = setUp();
    expect(await claim(store, request('a'))).toMatchObject({ claimed: true, attempt: 1 });
    expect(await claim(store, request('b'))).toEqual({ claimed: false });
    expect((await record()).lease).toMatchObject({ runId: 'a', again: true });
  });

  it('consumes `again` at the end by parking the key to be looked at at once', async () => {
    const { store, record } = setUp();
    await claim(store, request('a'));
    await claim(store, request('b'));
    const done = { runId: 'a', at: '2025-03-16T04:10:00Z', fingerprint: 'f', rows: 2 };
    expect(await release(store, { key, runId: 'a', done, settlement: 'clear', at: done.at })).toEqual({
      again: true,
    });
    expect(await record()).toMatchObject({
      lease: null,
      done,
      parked: { reason: 'again', wake: 'upstream' },
    });
  });

  it('gives every claim of a key a higher fence, also after the earlier one has ended', async () => {
    const { clock, store } = setUp();
    const first = await claim(store, request('a', 1_000));
    await clock.advance(1_000);
    const second = await claim(store, request('b'));
    expect(first.claimed && second.claimed && second.fence > first.fence).toBe(true);
  });

  it('takes the key from a dead run only when that was recorded as dead', async () => {
    const { clock, store, record } = setUp();
    const dead: string[] = [];
    const recordDead: ClaimRequest['recordDead'] = async ({ lease }) => {
      expect((await record()).lease).toEqual(lease);
      dead.push(lease.runId);
    };
    await claim(store, request('a', 1_000, recordDead));
    await clock.advance(1_000);
    const away = () => Promise.reject(new StoreUnavailableError('away'));
    await expect(claim(store, request('b', 1_000, away))).rejects.toThrow('away');
    expect((await record()).lease).toMatchObject({ runId: 'a' });
    expect(await claim(store, request('c', 1_000, recordDead))).toMatchObject({ claimed: true });
    expect(dead).toEqual(['a']);
    expect((await record()).lease).toMatchObject({ runId: 'c' });
  });

  it('counts the run that died as an attempt', async () => {
    const { clock, store } = setUp();
    await claim(store, request('a', 1_000));
    await clock.advance(1_000);
    expect(await claim(store, request('b'))).toMatchObject({ claimed: true, attempt: 2 });
  });

  it('adopts a claim of its own whose answer was lost', async () => {
    const { store } = setUp();
    const first = await claim(store, request('a'));
    expect(await claim(store, request('a'))).toEqual({ ...first });
  });

  it('refuses to release what another run has taken, and writes nothing', async () => {
    const { clock, store, record } = setUp();
    await claim(store, request('a', 1_000));
    await clock.advance(1_000);
    await claim(store, request('b'));
    const before = await record();
    const late = release(store, {
      key,
      runId: 'a',
      done: null,
      settlement: 'clear',
      at: '2025-03-16T04:10:00Z',
    });
    await expect(late).rejects.toBeInstanceOf(LostLeaseError);
    expect(await record()).toEqual(before);
  });

  it('keeps the time of the first parking and its give-up time over later ones', async () => {
    const { clock, store, record } = setUp();
    const park = {
      reason: 'upstream_not_ready',
      missing: ['6 of 8 games final'],
      attempts: 0,
      wake: 'upstream',
      nextLookIn: 0,
      giveUpAfter: 1_000_000,
      detail: null,
    } as const;
    await claim(store, request('a'));
    await release(store, { key, runId: 'a', done: null, settlement: { park }, at: '2025-03-16T04:10:00Z' });
    const first = (await record()).parked;
    await clock.advance('5m');
    await claim(store, request('b'));
    await release(store, { key, runId: 'b', done: null, settlement: { park }, at: '2025-03-16T04:15:00Z' });
    expect((await record()).parked).toMatchObject({ since: first?.since, giveUpAt: first?.giveUpAt });
  });

  it('counts an attempt for each failure that was parked', async () => {
    const { store } = setUp();
    const park = {
      reason: 'extract_failed',
      missing: [],
      attempts: 3,
      wake: 'time',
      nextLookIn: 0,
      giveUpAfter: 1_000,
      detail: null,
    } as const;
    await claim(store, request('a'));
    await release(store, { key, runId: 'a', done: null, settlement: { park }, at: '2025-03-16T04:10:00Z' });
    expect(await claim(store, request('b'))).toMatchObject({ claimed: true, attempt: 4 });
  });

  it('gives up, with an error of its own, on a record that changes all the time', async () => {
    const { store } = setUp();
    const restless: Store = {
      collection: (definition) => ({
        ...store.collection(definition),
        put: async () => ({ ok: false, time: 0 }),
      }),
    };
    await expect(claim(restless, request('a'))).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it('has at most one live claim whatever runs claim, release and vanish, and fences only grow', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('claim' as const), run: fc.nat(4) }),
      fc.record({ kind: fc.constant('release' as const), run: fc.nat(4) }),
      fc.record({ kind: fc.constant('wait' as const), by: fc.integer({ min: 1, max: 2_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { clock, store } = setUp();
        let newest = 0;
        let live: { run: string; until: number } | undefined;
        for (const [index, next] of steps.entries()) {
          if (next.kind === 'wait') {
            await clock.advance(next.by);
            continue;
          }
          const free = live === undefined || live.until <= clock.now();
          if (next.kind === 'claim') {
            const run = `${next.run}-${index}`;
            const result = await claim(store, request(run, 1_000));
            expect(result.claimed).toBe(free);
            if (!result.claimed) continue;
            expect(result.fence).toBeGreaterThan(newest);
            newest = result.fence;
            live = { run, until: clock.now() + 1_000 };
          } else if (live?.run.startsWith(`${next.run}-`)) {
            await release(store, {
              key,
              runId: live.run,
              done: null,
              settlement: 'clear',
              at: '2025-03-16T04:10:00Z',
            });
            live = undefined;
          }
        }
      }),
    );
  });
});
