import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { startBigQueryServer } from '../emulators/bigquery/server.ts';
import { startStorageServer } from '../emulators/storage-server.ts';
import type { Told } from './streaming.ts';

const script = new URL('./streaming.ts', import.meta.url).pathname;

// In a process of their own, whose memory is nobody else's; the servers are in this one.
describe('what a stream holds in memory', () => {
  const servers: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  async function told(what: string, port?: number): Promise<Told> {
    const child = fork(script, [what, ...(port === undefined ? [] : [`http://127.0.0.1:${port}`])], {
      execArgv: ['--expose-gc', '--liftoff-only', '--disable-warning=ExperimentalWarning'],
      silent: true,
    });
    let errors = '';
    child.stderr?.on('data', (text) => {
      errors += text;
    });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`The process ended: ${errors}`);
    });
    const [message] = await Promise.race([once(child, 'message'), ended]);
    await ended.catch(() => {});
    return message as Told;
  }

  // All of them would be more than 250 MB.
  const rows = { items: 1_000_000, sum: 500_000_500_000 };

  it('is little of a million rows of BigQuery', async () => {
    const server = await startBigQueryServer();
    servers.push(server);
    const { held, ...read } = await told('bigquery', server.port);
    expect(read).toEqual(rows);
    expect(server.count('GET', /\/queries\//)).toBe(101);
    expect(held).toBeLessThan(60);
  }, 300_000);

  it('is little of a million rows of the embedded warehouse', async () => {
    const { held, ...read } = await told('warehouse');
    expect(read).toEqual(rows);
    expect(held).toBeLessThan(60);
  }, 300_000);

  it('is little of an object of 200 MB in Cloud Storage, written and read', async () => {
    const server = await startStorageServer();
    servers.push(server);
    const { held, sum } = await told('storage', server.port);
    expect(sum).toBe(200_000_000);
    expect(held).toBeLessThan(100);
  }, 300_000);

  it('is little of one in a folder', async () => {
    const { held, sum } = await told('objects');
    expect(sum).toBe(200_000_000);
    expect(held).toBeLessThan(30);
  }, 300_000);

  it('is little of 200 MB of lines that are loaded', async () => {
    const { held, items } = await told('lines');
    expect(items).toBe(200);
    expect(held).toBeLessThan(30);
  }, 300_000);
});
