import { describe, expect, it } from 'vitest';
import { transient } from '../../test/policies/operations.ts';
import { ensemble } from './index.ts';

describe('ensemble', () => {
  const members = {
    elo: async (game: string) => ({ game, share: 0.6 }),
    market: async (game: string) => {
      if (game === 'BOS-LAL') throw transient();
      return { game, share: 0.5 };
    },
  };

  it('gives what its members answer, and who failed', async () => {
    const predict = ensemble(members, { minimum: 1 });
    expect(await predict('NYK-MIA')).toMatchObject({
      answers: [{ member: 'elo' }, { member: 'market' }],
      failures: [],
    });
    const { answers, failures } = await predict('BOS-LAL');
    expect(answers).toEqual([{ member: 'elo', value: { game: 'BOS-LAL', share: 0.6 } }]);
    expect(failures).toMatchObject([{ member: 'market', error: { message: 'away' } }]);
  });

  it('fails when fewer than the minimum answer, in the kind most worth waiting for', async () => {
    const predict = ensemble([...Object.values(members), () => Promise.reject(new TypeError('wrong'))], {
      minimum: 2,
    });
    await expect(predict('BOS-LAL')).rejects.toMatchObject({
      name: 'TooFewAnswersError',
      kind: 'transient',
      answered: 1,
      minimum: 2,
      failures: [{ member: '1' }, { member: '2' }],
    });
  });

  it('counts a member that throws before it gives a promise', async () => {
    const predict = ensemble({
      elo: () => 1,
      broken: () => {
        throw new Error('broken');
      },
    });
    expect(await predict()).toMatchObject({ answers: [{ value: 1 }], failures: [{ member: 'broken' }] });
  });

  it('refuses members and minima that can not be', () => {
    expect(() => ensemble({})).toThrow('ensemble.members must be at least one function');
    expect(() => ensemble(members, { minimum: 3 })).toThrow('ensemble.minimum must be at most');
    expect(() => ensemble(members, { minimum: 0 })).toThrow('ensemble.minimum');
    for (const options of [null, 2])
      expect(() => ensemble(members, options as never)).toThrow('ensemble.options must be an object');
  });
});
