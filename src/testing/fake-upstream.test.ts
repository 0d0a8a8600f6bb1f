import { describe, expect, it } from 'vitest';
import { UpstreamUnknownError } from '../errors/index.ts';
import { schedule } from '../upstream/index.ts';
import { FakeUpstream } from './fake-upstream.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('the fake upstream', () => {
  const day = { startDate: '2025-03-15', endDate: '2025-03-15' };
  const games = schedule('nba_raw.nbac_schedule').final(day);
  const request = (key: string) => ({ key, date: '2025-03-15', checks: [games] });
  const setup = () => {
    const clock = new VirtualClock();
    const upstream = new FakeUpstream({ clock });
    const answer = async (key = 'a') => (await upstream.ask([request(key)])).get(key);
    return { clock, upstream, answer };
  };

  it('is ready, with each dependency, until it is told otherwise', async () => {
    const { answer } = setup();
    expect(await answer()).toEqual({
      status: 'ready',
      dependencies: [
        {
          name: games.name,
          table: 'nba_raw.nbac_schedule',
          ready: true,
          found: 1,
          wanted: 1,
          unit: 'rows',
          newest: null,
        },
      ],
    });
  });

  it('says what is missing, and is ready again', async () => {
    const { upstream, answer } = setup();
    upstream.notReady(['6 of 8 games final']);
    expect(await answer()).toMatchObject({
      status: 'not_ready',
      reason: 'missing',
      missing: ['6 of 8 games final'],
      dependencies: [{ ready: false, found: 0 }],
    });
    upstream.ready();
    expect(await answer()).toMatchObject({ status: 'ready' });
  });

  it('knows days without games', async () => {
    const { upstream, answer } = setup();
    upstream.noGames();
    expect(await answer()).toMatchObject({ status: 'not_ready', reason: 'no_games', missing: [] });
  });

  it('can be unknown, with an error', async () => {
    const { upstream, answer } = setup();
    upstream.unknown();
    expect(await answer()).toMatchObject({ error: expect.any(UpstreamUnknownError) });
    const error = new Error('mine');
    upstream.unknown(error);
    expect(await answer()).toEqual({ status: 'unknown', error });
  });

  it('answers one key otherwise than the rest, until all are told anew', async () => {
    const { upstream } = setup();
    const statuses = async () =>
      [...(await upstream.ask([request('a'), request('b')])).values()].map(({ status }) => status);
    upstream.notReady(['games'], 'b');
    expect(await statuses()).toEqual(['ready', 'not_ready']);
    upstream.unknown(undefined, 'a');
    expect(await statuses()).toEqual(['unknown', 'not_ready']);
    upstream.ready();
    expect(await statuses()).toEqual(['ready', 'ready']);
  });

  it('has newer rows after an update of a table that a check reads', async () => {
    const { clock, upstream, answer } = setup();
    await clock.advance('5m');
    upstream.tableUpdated('nba_raw.other', []);
    expect(await answer()).toMatchObject({ dependencies: [{ newest: null }] });
    upstream.tableUpdated('nba_raw.nbac_schedule', ['2025-03-15']);
    expect(await answer()).toMatchObject({ dependencies: [{ newest: '2026-01-16T09:05:00.000Z' }] });
  });

  it('remembers what was asked and told', async () => {
    const { upstream, answer } = setup();
    await answer('a');
    upstream.tableUpdated('nba_raw.nbac_schedule', ['2025-03-15']);
    expect(upstream.asked).toEqual([request('a')]);
    expect(upstream.updates).toEqual([{ table: 'nba_raw.nbac_schedule', dates: ['2025-03-15'] }]);
  });

  it('does nothing for a caller who has given up', async () => {
    const { upstream } = setup();
    const reason = new Error('the run is over');
    const signal = AbortSignal.abort(reason);
    await expect(upstream.ask([request('a')], { signal })).rejects.toBe(reason);
    expect(upstream.asked).toEqual([]);
  });

  it('takes a run without checks', async () => {
    const { upstream } = setup();
    const found = await upstream.ask([{ key: 'a', date: '2025-03-15', checks: [] }]);
    expect(found.get('a')).toEqual({ status: 'ready', dependencies: [] });
  });
});
