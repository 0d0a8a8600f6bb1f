import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BigQueryServer, startBigQueryServer } from '../../../test/emulators/bigquery/server.ts';
import { TimeoutError } from '../../errors/index.ts';
import { FakeStorage, VirtualClock } from '../../testing/index.ts';
import { type GoogleBigQuery, googleBigQuery } from './google-bigquery.ts';

describe('inserts into BigQuery', () => {
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
    await client.query('CREATE OR REPLACE TABLE d.games (id STRING)');
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  const isUpload = ({ url }: { url: URL }) => url.pathname.startsWith('/upload');
  const uploads = () => server.requests.filter(isUpload);
  const ids = () => client.query('SELECT id FROM d.games ORDER BY id');

  it('send what has an id once, and only look for it then', async () => {
    for (let time = 0; time < 3; time++)
      expect(await client.insert('d.games', [{ id: 'a' }], { insertId: 'x' })).toEqual({ rows: 1 });
    expect(uploads()).toHaveLength(1);
    expect(await ids()).toEqual([{ id: 'a' }]);
  });

  it('find rows that landed though their call never heard of it', async () => {
    server.fault({ match: isUpload, answer: 'hang', after: true });
    const lost = client.insert('d.games', [{ id: 'a' }], { insertId: 'x', timeout: '1s' });
    await expect(lost).rejects.toThrow(TimeoutError);
    await client.insert('d.games', [{ id: 'a' }], { insertId: 'x' });
    expect(uploads()).toHaveLength(1);
    expect(await ids()).toEqual([{ id: 'a' }]);
  });

  it('do again what failed under its id, and keep its rows meanwhile', async () => {
    const storage = new FakeStorage({ clock: new VirtualClock() });
    const deadLetters = { storage, prefix: 'letters' };
    server.failJobs({ reason: 'quotaExceeded' });
    const insert = () => client.insert('d.games', [{ id: 'a' }], { insertId: 'x', deadLetters });
    await expect(insert()).rejects.toMatchObject({ code: 'quotaExceeded' });
    expect(storage.textOf('letters/d.games/x.rows.ndjson')).toBe('{"id":"a"}\n');
    await insert();
    expect(await storage.list('')).toEqual([]);
    expect(uploads()).toHaveLength(2);
    expect(await ids()).toEqual([{ id: 'a' }]);
  });

  it('are cut into requests of at most 50,000 rows and 10 MB, and are seen all at once', async () => {
    const many = Array.from({ length: 50_001 }, (_, index) => ({ id: String(index) }));
    const large = Array.from({ length: 3 }, (_, index) => ({ id: `${index}`.padEnd(5_000_000, 'x') }));
    expect(await client.insert('d.games', many, { insertId: 'many' })).toEqual({ rows: 50_001 });
    expect(await client.insert('d.games', large)).toEqual({ rows: 3 });
    expect(uploads()).toHaveLength(5);
    for (const { body } of uploads()) expect(body.length).toBeLessThan(10_000_000);
    const kinds = [...server.jobs.values()].map(({ configuration }) => Object.keys(configuration)[0]);
    expect(kinds.filter((kind) => kind === 'copy')).toHaveLength(2);
    expect(await client.query('SELECT COUNT(*) AS n FROM d.games')).toEqual([{ n: 50_004 }]);
    await client.insert('d.games', many, { insertId: 'many' });
    expect(uploads()).toHaveLength(5);
  });
});
