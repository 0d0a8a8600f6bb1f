import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve } from '../../test/http/loopback.ts';
import { Chore, day } from '../../test/runs/summary.ts';
import { ConfigurationError } from '../errors/index.ts';
import { readHealth } from '../heartbeat/index.ts';
import { succeeded, withHeartbeat } from '../processor/index.ts';
import { RecordingLogger, VirtualClock } from '../testing/index.ts';
import { createLocalContext } from './create-local-context.ts';
import { fileSink } from './heartbeat-file-sink.ts';

class BeatingChore extends withHeartbeat(Chore) {}

describe('createLocalContext', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'breakwater-context-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('keeps what was written for the next one, all of it in its folder', async () => {
    const first = await createLocalContext({ dir });
    await first.bigquery.query('CREATE TABLE nba_raw.games (game_date DATE)');
    await first.bigquery.insert('nba_raw.games', [{ game_date: day }]);
    await first.storage.save('report.json', '{}');
    const [result] = await new BeatingChore(first, async (run) => succeeded(run, { rowsWritten: 1 })).run({
      day,
    });
    expect(result).toMatchObject({ status: 'succeeded', recorded: true });
    await first.close();
    await first.close();
    expect((await readdir(dir)).filter((name) => !/\.(wal|shm)|-(wal|shm)$/.test(name)).sort()).toEqual([
      'heartbeats',
      'objects',
      'state.sqlite',
      'warehouse.duckdb',
    ]);

    const second = await createLocalContext({ dir });
    expect(await second.bigquery.query('SELECT game_date FROM nba_raw.games')).toEqual([{ game_date: day }]);
    expect(await second.storage.read('report.json')).toBeDefined();
    const { runs } = await readHealth({ sinks: second.heartbeats.sinks, clock: second.clock });
    expect(runs).toMatchObject([{ health: 'ended', beat: { runId: result.runId, status: 'succeeded' } }]);
    await second.close();
  });

  it('sends reads of a service again that fail, and tells of its origins', async () => {
    const context = await createLocalContext({ dir, random: () => 0 });
    const server = await serve((_, response) => {
      response.statusCode = server.requests() < 3 ? 503 : 200;
      response.end('fine');
    });
    expect((await context.http.request(server.origin)).text()).toBe('fine');
    expect(context.http.statistics()).toEqual({
      [server.origin]: { calls: 1, failures: 0, cancelled: 0, requests: 3, circuit: 'closed' },
    });
    await context.close();
    await expect(context.http.request(server.origin)).rejects.toThrow();
    await server.close();
  });

  it('beats into files that any process can read, and into its memory when those can’t be written', async () => {
    const context = await createLocalContext({ dir, logger: new RecordingLogger() });
    await new BeatingChore(context, async (run) => {
      const others = [fileSink({ dir: join(dir, 'heartbeats'), clock: context.clock })];
      for (let seen = 0; seen === 0; ) {
        const { runs } = await readHealth({ sinks: others, clock: context.clock });
        seen = runs.length;
        if (seen > 0) expect(runs).toMatchObject([{ health: 'healthy', beat: { runId: run.id } }]);
      }
      return succeeded(run);
    }).run({ day });
    expect(context.heartbeats.statistics()).toMatchObject({ delivered: { file: 2, memory: 0 }, lost: 0 });
    await rm(join(dir, 'heartbeats'), { recursive: true });
    await writeFile(join(dir, 'heartbeats'), 'a file in the folder’s place');
    await new BeatingChore(context).run({ day: '2026-01-14' });
    expect(context.heartbeats.statistics()).toMatchObject({ delivered: { file: 2, memory: 2 }, lost: 0 });
    await context.close();
  });

  it('runs by the clock that it is given', async () => {
    const clock = new VirtualClock({ wall: '2026-02-01T00:00:00Z' });
    const context = await createLocalContext({ dir, clock, random: () => 0.5 });
    const [result] = await new BeatingChore(context).run({ day });
    expect(result).toMatchObject({
      status: 'succeeded',
      startedAt: '2026-02-01T00:00:00.000Z',
      durationMs: 0,
    });
    expect(clock.pendingTimers).toBe(0);
    await context.close();
  });

  it('opens nothing for a wrong setting, and leaves nothing open when it can not open all', async () => {
    const wrong = createLocalContext({ dir, config: { processor: { timeout: 0 } } });
    await expect(wrong).rejects.toThrow(ConfigurationError);
    expect(await readdir(dir)).toEqual([]);
    await writeFile(join(dir, 'objects'), 'a file in the folder’s place');
    await expect(createLocalContext({ dir })).rejects.toThrow();
    await rm(join(dir, 'objects'));
    const context = await createLocalContext({ dir });
    await context.close();
  });

  it('wants a folder', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(createLocalContext({ dir: join(dir, 'file') })).rejects.toThrow(
      'createLocalContext.dir must be a folder that can be written',
    );
  });

  it('takes last words that can not be read for none, and says so', async () => {
    await writeFile(join(dir, 'last-words.json'), '{"reason":"event_loop_');
    const logger = new RecordingLogger();
    const context = await createLocalContext({ dir, logger });
    expect(logger.lines).toMatchObject([
      { level: 'warn', message: expect.stringContaining('last-words.json') },
    ]);
    expect(context.deathOf({ instance: '1:2:another-boot:ab', runId: 'run-1' })).toBe('stale_heartbeat');
    expect(context.deathOf({ instance: context.config.instance, runId: 'run-1' })).toBeUndefined();
    await context.close();
  });
});
