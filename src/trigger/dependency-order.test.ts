import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dependencyLevels } from './dependency-order.ts';

describe('dependency order', () => {
  it('starts nothing before what it waits for', () => {
    const items = [
      { output: 'upcoming', needs: ['player', 'lines'] },
      { output: 'player', needs: ['offense'] },
      { output: 'offense', needs: [] },
      { output: 'defense', needs: [] },
    ];
    const levels = dependencyLevels(items, (item) => item).map((level) => level.map(({ output }) => output));
    expect(levels).toEqual([['offense', 'defense'], ['player'], ['upcoming']]);
  });

  it('names the outputs that wait for each other', () => {
    const items = [
      { output: 'a', needs: ['b'] },
      { output: 'b', needs: ['a'] },
    ];
    expect(() => dependencyLevels(items, (item) => item)).toThrow('a → b');
  });

  it('gives every item once, after all that it needs, for any graph without circles', () => {
    const graph = fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 20 }).map((rows) =>
      rows.map((needs, index) => ({
        output: `${index}`,
        needs: needs.filter((need) => need < index).map(String),
      })),
    );
    fc.assert(
      fc.property(graph, (items) => {
        const order = dependencyLevels([...items].reverse(), (item) => item);
        const levelOf = new Map(
          order.flatMap((level, index) => level.map(({ output }) => [output, index] as const)),
        );
        expect(levelOf.size).toBe(items.length);
        for (const { output, needs } of items) {
          for (const need of needs) expect(levelOf.get(need)).toBeLessThan(levelOf.get(output) as number);
        }
      }),
    );
  });
});
