import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consumer, packedConsumer } from './packed.ts';

const folder = resolve(import.meta.dirname, '../../examples/quickstart');

// The project as a user has it: with the packed package and its peers, and nothing else of ours.
describe('the quickstart, on the packed package', () => {
  let consumer: Consumer;
  beforeAll(() => {
    consumer = packedConsumer(['@duckdb/node-api', '@polyglot-sql/sdk']);
    const names = readdirSync(folder).filter((name) => /\.(ts|json)$/.test(name));
    consumer.write(Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])));
  }, 60_000);
  afterAll(() => consumer.remove());

  const quiet = '--disable-warning=ExperimentalWarning';

  it('is parked while there are no orders, and runs when there are', () => {
    expect(consumer.node(quiet, 'main.ts').split('\n').slice(0, 3)).toEqual([
      'skipped: upstream_not_ready',
      'succeeded: done',
      "[ { customer: 'ada', orders: 1, total: 7 } ]",
    ]);
  }, 60_000);

  it('passes its test', () => {
    expect(consumer.node(quiet, '--test', '--test-reporter=tap')).toContain('# pass 1');
  }, 60_000);
});
