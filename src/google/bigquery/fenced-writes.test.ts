import * as duckdb from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statementsOf, assertionOf } from '../../../test/emulators/bigquery/script.ts';
import { type BigQueryServer, startBigQueryServer } from '../../../test/emulators/bigquery/server.ts';
import type { Fence } from '../../clients/index.ts';
import { Connections, type Session } from '../../local/warehouse/connections.ts';
import { loadTranslator } from '../../local/warehouse/dialect/translate.ts';
import { boundParameters } from '../../local/warehouse/parameters.ts';
import { realClock } from '../../time/index.ts';
import { fencedWrite } from './fenced-write.ts';
import { type GoogleBigQuery, googleBigQuery } from './google-bigquery.ts';

const day = { column: 'day', value: '2026-01-15' };

describe('a fenced write that fails in its middle', () => {
  let server: BigQueryServer;
  let client: GoogleBigQuery;
  beforeEach(async () => {
    server = await startBigQueryServer();
    client = googleBigQuery({
      project: 'p',
      location: 'US',
      endpoint: `http://127.0.0.1:${server.port}`,
      random: () => 0,
    });
    await client.query('CREATE OR REPLACE TABLE d.games (id STRING, day DATE)');
    await write('before', { key: 'games', token: 3 });
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  const row = (id: string) => ({ id, day: day.value });
  const write = (id: string, fence: Fence) => client.replacePartition('d.games', day, [row(id)], { fence });
  const merge = (id: string, fence: Fence) =>
    client.merge('d.games', [row(id)], { key: ['id'], scope: day, fence });
  const ids = () => client.query('SELECT id FROM d.games ORDER BY id');

  it.each([
    ['replaces', write],
    ['merges', merge],
  ])('leaves what was there, its fence too, where it %s', async (_name, again) => {
    server.warehouse.failStatement(/^INSERT INTO `p.d.games` /, 'resourcesExceeded');
    await expect(again('late', { key: 'games', token: 9 })).rejects.toMatchObject({
      code: 'resourcesExceeded',
    });
    expect(await ids()).toEqual([{ id: 'before' }]);
    // Not raised to 9.
    await again('older', { key: 'games', token: 5 });
    expect(await ids()).toEqual([{ id: 'older' }]);
  });

  it('is done again whole where its failure may pass', async () => {
    server.warehouse.failStatement(/^INSERT INTO `p.d.games` /, 'internalError');
    await write('late', { key: 'games', token: 9 });
    expect(await ids()).toEqual([{ id: 'late' }]);
  });
});

describe('the first two writers of a fence', () => {
  const fields = [
    { name: 'id', type: 'STRING' },
    { name: 'day', type: 'DATE' },
  ];
  const table = {
    given: 'd.games',
    reference: { projectId: 'p', datasetId: 'd', tableId: 'games' },
    sql: '`p.d.games`',
    fields,
    columns: fields.map(({ name, type }) => ({ name, type, repeated: false, nullable: true })),
  };

  it('can’t both write', async () => {
    const instance = await duckdb.DuckDBInstance.create(':memory:');
    const connections = new Connections(instance, realClock);
    const translate = await loadTranslator();
    const lent = <T>(work: (session: Session) => Promise<T>) =>
      connections.read({ signal: undefined, timeout: Infinity }, work);
    const writer = (session: Session, token: number) => {
      const { sql, params, types } = fencedWrite({
        table,
        partition: day,
        staging: undefined,
        fence: { key: 'games', token },
      });
      const rest = statementsOf(sql);
      const run = async (text: string) => {
        const { sql: one, params: used } = translate(assertionOf(text)?.query ?? text, types);
        const { values, types: bound } = boundParameters(duckdb, used, params, types);
        await session.run(one, values, bound);
      };
      return {
        begin: async () => {
          for (let text = rest.shift(); text !== 'BEGIN TRANSACTION'; text = rest.shift())
            await run(text as string);
          await session.run('BEGIN TRANSACTION');
        },
        work: async () => {
          while (rest.length > 1) await run(rest.shift() as string);
        },
        commit: () => session.run('COMMIT'),
      };
    };
    await lent((first) =>
      lent(async (second) => {
        await first.run('CREATE SCHEMA d');
        await first.run('CREATE TABLE d.games (id VARCHAR, day DATE)');
        const [one, other] = [writer(first, 4), writer(second, 5)];
        await one.begin();
        await other.begin();
        await one.work();
        await expect(other.work().then(other.commit)).rejects.toThrow(/conflict/i);
        await one.commit();
        expect(await first.rows('SELECT token FROM d.games_fence')).toEqual([[4n]]);
      }),
    );
    await connections.close();
    instance.closeSync();
  });
});
