import { expect, it } from 'vitest';
import { createGoogleContext } from '../../src/google/index.ts';
import { startBigQueryServer } from '../emulators/bigquery/server.ts';
import { startStorageServer } from '../emulators/storage-server.ts';

it('two contexts share no connection, and each takes its own along when it is closed', async () => {
  const [bigquery, storage] = [await startBigQueryServer(), await startStorageServer()];
  const at = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;
  const contextOf = () =>
    createGoogleContext({
      project: 'project',
      location: 'US',
      env: {},
      endpoints: { bigquery: at(bigquery), storage: at(storage) },
    });
  const [one, other] = [contextOf(), contextOf()];
  const ask = async ({ bigquery, storage }: typeof one) => {
    await bigquery.query('SELECT 1 AS one');
    await storage.list('');
  };
  await ask(one);
  const [queried, listed] = [bigquery.accepted, storage.accepted];
  await ask(other);
  expect(bigquery.accepted).toBeGreaterThan(queried);
  expect(storage.accepted).toBeGreaterThan(listed);
  await one.close();
  await expect.poll(() => storage.connections).toBe(1);
  await ask(other);
  await other.close();
  await expect.poll(() => [bigquery.connections, storage.connections]).toEqual([0, 0]);
  await bigquery.close();
  await storage.close();
});
