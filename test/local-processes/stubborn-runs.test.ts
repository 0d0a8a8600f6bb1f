import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readHealth } from '../../src/heartbeat/index.ts';
import { createLocalContext } from '../../src/local/index.ts';
import type { RunResult } from '../../src/processor/index.ts';
import { runRecords, workRecords } from '../../src/store/index.ts';
import { recoverHolders } from '../../src/trigger/index.ts';
import { key, range, Summary } from '../runs/summary.ts';

const script = new URL('./stubborn.ts', import.meta.url).pathname;
const patience = { timeout: 120_000 };

// Real processes, real time. What is measured is only that the end comes, not how soon.
describe('a run that is not to be stopped', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'breakwater-stubborn-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** Runs it in a process of its own, to that process's end. */
  async function runStubborn(how: 'ignores' | 'blocks') {
    const child = fork(script, [dir, how], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      silent: true,
    });
    const results: RunResult[] = [];
    child.on('message', (result: RunResult) => results.push(result));
    let errors = '';
    child.stderr?.on('data', (text) => {
      errors += text;
    });
    const [code, signal] = await once(child, 'close');
    return { code, signal, pid: child.pid, results, errors };
  }

  /** The next process: what it finds, before it does anything. */
  async function nextStart() {
    const context = await createLocalContext({ dir });
    const workOf = async () => {
      const { entry } = await context.store.collection(workRecords).get(key);
      if (!entry?.readable) throw new Error('no record');
      return entry.value;
    };
    const recordOf = async (runId: string) => {
      const { entry } = await context.store.collection(runRecords).get(runId);
      if (!entry?.readable) throw new Error('no record');
      return entry.value;
    };
    const [beat] = (await readHealth({ sinks: context.heartbeats.sinks, clock: context.clock })).runs;
    return { context, workOf, recordOf, beat };
  }

  it(
    'as it ignores its signal, ends as timed_out after its grace, and its process can end',
    patience,
    async () => {
      const { code, results, errors } = await runStubborn('ignores');
      expect({ code, errors }).toMatchObject({ code: 0 });
      expect(results).toMatchObject([{ status: 'timed_out', reason: 'deadline', workLeftRunning: true }]);
      const [result] = results as [RunResult];
      expect(result.durationMs).toBeGreaterThanOrEqual(799);
      expect(result.durationMs).toBeLessThan(60_000);
      expect(errors).toContain('ignores its signal');

      const { context, workOf, recordOf, beat } = await nextStart();
      expect(await recordOf(result.runId)).toMatchObject({ status: 'timed_out', reason: 'deadline' });
      expect(await workOf()).toMatchObject({ lease: null });
      expect(beat).toMatchObject({ health: 'ended', beat: { status: 'timed_out', runId: result.runId } });
      await context.close();
    },
  );

  it(
    'as it never yields, is ended with its process, and recorded as timed_out by the next start',
    patience,
    async () => {
      const { signal, pid, results, errors } = await runStubborn('blocks');
      expect({ signal, errors }).toMatchObject({ signal: 'SIGKILL' });
      expect(results).toEqual([]);
      expect(errors).toContain('the event loop is blocked past the limit of run');
      const words = JSON.parse(await readFile(join(dir, 'last-words.json'), 'utf8'));
      expect(words).toMatchObject({ reason: 'event_loop_blocked', pid, runs: [{ key }] });

      const { context, workOf, recordOf, beat } = await nextStart();
      const { runId } = words.runs[0];
      expect(await recordOf(runId)).toMatchObject({ status: 'running' });
      expect(beat).toMatchObject({ health: 'healthy', beat: { status: 'running', runId } });
      const recovered = await recoverHolders(context, context.deathOf);
      expect(recovered).toMatchObject([{ key, runId, reason: 'event_loop_blocked' }]);
      expect(await recordOf(runId)).toMatchObject({ status: 'timed_out', reason: 'event_loop_blocked' });
      expect(await workOf()).toMatchObject({
        lease: null,
        parked: { reason: 'event_loop_blocked', attempts: 1 },
      });
      expect(await recoverHolders(context, context.deathOf)).toEqual([]);

      class Mended extends Summary {
        override upstream() {
          return [];
        }
      }
      await context.bigquery.query('CREATE TABLE nba_analytics.summary (game_date DATE, points INT64)');
      const [result] = await new Mended(context).run(range);
      expect(result).toMatchObject({ status: 'succeeded', attempt: 2 });
      const { runs } = await readHealth({ sinks: context.heartbeats.sinks, clock: context.clock });
      expect(runs.map(({ health, beat }) => [beat.runId, health])).toEqual([
        [runId, 'superseded'],
        [result.runId, 'ended'],
      ]);
      await context.close();
      await expect(readFile(join(dir, 'last-words.json'))).rejects.toThrow('ENOENT');
    },
  );
});
