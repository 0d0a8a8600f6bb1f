import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLocalContext } from '../../src/local/index.ts';
import { runRecords, workRecords } from '../../src/store/index.ts';
import { createDispatcher, recoverHolders } from '../../src/trigger/index.ts';
import { key, output, range, Summary } from '../runs/summary.ts';
import { startChild, type Told } from './child.ts';

type Message = { readonly told: string; readonly port?: number; readonly runId?: string };

const script = new URL('./push-server.ts', import.meta.url);
const patience = { timeout: 120_000 };

// A real process, a real socket and a real SIGTERM.
describe('a push server that is told to end while a run is at work', () => {
  let dir: string;
  let server: Told<Message>;
  let url: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'breakwater-push-'));
  });
  afterEach(async () => {
    await server.kill();
    await rm(dir, { recursive: true, force: true });
  });

  const push = (messageId: string) =>
    fetch(url, {
      method: 'POST',
      headers: { authorization: 'Bearer token' },
      body: JSON.stringify({
        message: {
          messageId,
          data: Buffer.from(JSON.stringify({ processor: 'Summary', options: range })).toString('base64'),
        },
      }),
    });
  /** Serves, and has a run at work; gives its answer as it comes, or as it does not. */
  async function atWork(how: 'heeds' | 'ignores') {
    server = startChild<Message>(script, dir, how);
    await server.told(1);
    url = `http://127.0.0.1:${server.messages[0]?.port}/push`;
    const answer = push('m1').then(
      ({ status }) => status,
      () => 'no answer' as const,
    );
    await server.told(2);
    const { runId = '' } = server.messages[1] ?? {};
    return { runId, answer };
  }
  /** What the next process finds, and what its sweep does of it. */
  async function nextProcess() {
    const context = await createLocalContext({ dir });
    class Mended extends Summary {
      override upstream() {
        return [];
      }
    }
    return {
      context,
      workOf: async () => (await context.store.collection(workRecords).get(key)).entry,
      recordOf: async (runId: string) => (await context.store.collection(runRecords).get(runId)).entry,
      async sweep() {
        await context.bigquery.query(`CREATE TABLE ${output} (game_date DATE, points INT64)`);
        return createDispatcher({ processors: [Mended], context }).sweep();
      },
    };
  }

  it('parks it, takes its message, serves nobody else, and ends by itself', patience, async () => {
    const { runId, answer } = await atWork('heeds');
    const ended = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    expect(await answer).toBe(204);
    expect(await ended).toEqual([0, null]);
    expect(server.messages.at(-1)).toEqual({ told: 'closed' });
    await expect(push('m2')).rejects.toThrow();

    const { context, workOf, recordOf, sweep } = await nextProcess();
    expect(await recordOf(runId)).toMatchObject({ value: { status: 'cancelled', reason: 'shutdown' } });
    expect(await workOf()).toMatchObject({
      value: { lease: null, parked: { reason: 'shutdown', attempts: 0 } },
    });
    expect((await sweep()).results).toMatchObject([{ status: 'succeeded', attempt: 1 }]);
    await context.close();
  });

  it(
    'does not take the message of one that does not stop in time; its run is recovered',
    patience,
    async () => {
      const { runId, answer } = await atWork('ignores');
      server.child.kill('SIGTERM');
      expect(await answer).toBe('no answer');
      // Whoever runs it kills it some seconds later.
      await server.kill();

      const { context, workOf, recordOf, sweep } = await nextProcess();
      expect(await recordOf(runId)).toMatchObject({ value: { status: 'running' } });
      expect(await recoverHolders(context, context.deathOf)).toMatchObject([{ key, runId }]);
      expect(await recordOf(runId)).toMatchObject({ value: { status: 'failed', reason: 'stale_heartbeat' } });
      expect(await workOf()).toMatchObject({ value: { lease: null, parked: { reason: 'stale_heartbeat' } } });
      expect((await sweep()).results).toMatchObject([{ status: 'succeeded', attempt: 2 }]);
      await context.close();
    },
  );
});
