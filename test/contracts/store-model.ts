import fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Collection } from '../../src/store/index.ts';
import type { StoreUnderTest } from './store-contract.ts';

const definition = { name: 'model', version: 1, schema: z.number() };
const keys = ['a', 'b', 'c'] as const;

/** A version that was seen once, by its place among them, instead of the current one. */
const stale = fc.option(fc.nat(20), { freq: 3, nil: undefined });

const put = fc.record({
  kind: fc.constant('put' as const),
  key: fc.constantFrom(...keys),
  client: fc.nat(1),
  stale,
  due: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  short: fc.boolean(),
});
const remove = fc.record({
  kind: fc.constant('delete' as const),
  key: fc.constantFrom(...keys),
  client: fc.nat(1),
  stale,
});
const wait = fc.record({ kind: fc.constant('wait' as const) });
const history = fc.array(
  fc.oneof({ weight: 5, arbitrary: put }, { weight: 2, arbitrary: remove }, { weight: 1, arbitrary: wait }),
  { maxLength: 30 },
);
type History = typeof history extends fc.Arbitrary<infer Steps> ? Steps : never;

interface Modelled {
  readonly value: number;
  readonly version: string;
  readonly due: number | undefined;
  readonly expires: number;
}

const never = 1e15;

/**
 * Random histories of two clients give what a plain map gives.
 *
 * @param short Milliseconds that short-lived records live; on a store of real time longer than a history takes.
 */
export function storeModelContract(
  make: () => Promise<StoreUnderTest> | StoreUnderTest,
  histories: number,
  short: number,
): void {
  it('does what a plain map with versions does, in any history of two clients', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const test = await make();
        try {
          await follow(test, steps, short);
        } finally {
          await test.close?.();
        }
      }),
      { numRuns: histories },
    );
  });
}

async function follow(test: StoreUnderTest, steps: History, short: number): Promise<void> {
  const clients = [test.store.collection(definition), test.other.collection(definition)] as const;
  const model = new Map<string, Modelled>();
  const seen: string[] = [];
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'wait') {
      await test.advance(short);
      for (const [key, { expires }] of model) if (expires < never) model.delete(key);
    } else {
      const client = clients[step.client] as Collection<number>;
      const current = model.get(step.key);
      const ifVersion = step.stale === undefined ? current?.version : seen[step.stale % seen.length];
      const fits = current?.version === ifVersion;
      if (step.kind === 'delete') {
        const deleted = await client.delete(step.key, { ifVersion: ifVersion ?? 'none' });
        expect(deleted).toBe(fits && current !== undefined);
        if (deleted) model.delete(step.key);
      } else {
        const { due } = step;
        const expires = step.short ? (await client.get(step.key)).time + short : never;
        const result = await client.put(step.key, index, { ifVersion, due, expires });
        expect(result.ok).toBe(fits);
        if (result.ok) {
          expect(seen).not.toContain(result.version);
          seen.push(result.version);
          model.set(step.key, { value: index, version: result.version, due, expires });
        }
      }
    }
    await compare(clients[index % 2] as Collection<number>, model);
  }
}

async function compare(client: Collection<number>, model: ReadonlyMap<string, Modelled>): Promise<void> {
  const { entries } = await client.list({ limit: 10 });
  const wanted = [...model]
    .map(([key, modelled]) => ({ key, readable: true, ...modelled }))
    .sort((a, b) => (a.due ?? never) - (b.due ?? never) || (a.key < b.key ? -1 : 1));
  expect(entries).toEqual(wanted);
  for (const key of keys) {
    expect((await client.get(key)).entry).toEqual(wanted.find((entry) => entry.key === key));
  }
}
