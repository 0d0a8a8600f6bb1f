import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/context/index.ts';
import type { GoogleContext } from '../../../src/google/index.ts';
import { readHealth } from '../../../src/heartbeat/index.ts';
import { runRecords, workRecords } from '../../../src/store/index.ts';
import { realClock } from '../../../src/time/index.ts';
import { recoverDead } from '../../../src/trigger/index.ts';
import { skipWithoutFirestore } from '../../emulators/firestore-emulator.ts';
import { type GoogleServices, startGoogleServices } from '../../emulators/google-services.ts';
import { output, range, Summary } from '../../runs/summary.ts';

const skip = skipWithoutFirestore();
const crashing = new URL('./crashing.ts', import.meta.url).pathname;
const blocking = new URL('./blocking.ts', import.meta.url).pathname;
const patient = { timeouts: { store: '30s', sink: '10s' } } as const;

/** A monitor's clock, twenty minutes on: nobody waits for a run to be silent that long. */
const later = { ...realClock, wallNow: () => realClock.wallNow() + 20 * 60_000 };

class Mended extends Summary {
  override upstream() {
    return [];
  }
}

// Real processes, killed and stopped; the services live on.
describe.skipIf(skip !== undefined)(`a process that dies at work${skip ? ` (${skip})` : ''}`, () => {
  let services: GoogleServices;
  let one: GoogleContext;
  let two: GoogleContext;
  beforeAll(async () => {
    services = await startGoogleServices();
    one = services.context(patient);
    two = services.context(patient);
  }, 120_000);
  afterAll(async () => {
    await one.close();
    await two.close();
    await services.close();
  });

  /** A process whose run has claimed, beats, and waits within its work. */
  async function atWork(
    script = crashing,
  ): Promise<{ readonly child: ChildProcess; readonly runId: string; readonly ended: Promise<unknown[]> }> {
    await one.bigquery.query(`CREATE OR REPLACE TABLE ${output} (game_date DATE, points INT64)`);
    const { bigquery, storage, logging, firestore } = services.endpoints;
    const child = fork(script, [services.project, bigquery, storage, logging, firestore], {
      execArgv: ['--conditions=breakwater-source', '--disable-warning=ExperimentalWarning'],
    });
    const ended = once(child, 'exit');
    if (script === crashing) await once(child, 'message');
    let runId: string | undefined;
    await expect
      .poll(
        async () => {
          const { runs } = await readHealth({
            sinks: one.heartbeats.sinks,
            clock: realClock,
            timeout: 30_000,
          });
          runId = runs.find(({ health }) => health === 'healthy')?.beat.runId;
          return runId;
        },
        // Each look is a call of Cloud Logging's quota.
        { timeout: 60_000, interval: 1_000 },
      )
      .toBeDefined();
    return { child, runId: runId as string, ended };
  }

  /** What a monitor sees when it has found the run dead: one that has just lost its connections can't tell yet. */
  async function seenDead(context: GoogleContext, runId: string) {
    let runs: Awaited<ReturnType<typeof readHealth>>['runs'] = [];
    const look = async () => {
      ({ runs } = await readHealth({ sinks: context.heartbeats.sinks, clock: later, timeout: 30_000 }));
      return runs.find(({ beat }) => beat.runId === runId)?.health;
    };
    await expect.poll(look, { timeout: 90_000, interval: 2_000 }).toBe('dead');
    return { context, runs };
  }

  /** Both monitors look, and both want to recover what they find dead, at the same time. */
  async function recoveredByBoth(runId: string) {
    const seen = await Promise.all([one, two].map((context) => seenDead(context, runId)));
    const recovered = await Promise.all(seen.map(({ context, runs }) => recoverDead(context, runs)));
    return recovered.flat();
  }

  const points = (context: Context) => context.bigquery.query(`SELECT points FROM ${output}`);

  it('is found dead, recovered once by two monitors, and its successor writes', async () => {
    const { child, runId } = await atWork();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await recoveredByBoth(runId)).toMatchObject([{ runId }]);
    const { entry } = await two.store.collection(runRecords).get(runId);
    expect(entry).toMatchObject({ value: { status: 'failed', reason: 'stale_heartbeat' } });
    const [result] = await new Mended(two).run(range);
    expect(result).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(await points(one)).toEqual([{ points: 112 }]);
  }, 300_000);

  it('writes nothing when it wakes after its successor has written', async () => {
    await services.firestore.restart();
    const { child, runId } = await atWork();
    child.kill('SIGSTOP');
    expect(await recoveredByBoth(runId)).toMatchObject([{ runId }]);
    const [result] = await new Mended(two).run(range);
    expect(result).toMatchObject({ status: 'succeeded' });
    child.kill('SIGCONT');
    child.send('go on');
    const [said] = await once(child, 'message');
    expect(said).toMatchObject({ status: 'failed', reason: 'lost_lease' });
    await once(child, 'exit');
    // Neither its rows, nor how it ended: that was said when it was recovered.
    expect(await points(one)).toEqual([{ points: 112 }]);
    const { entry } = await two.store.collection(runRecords).get(runId);
    expect(entry).toMatchObject({ value: { status: 'failed', reason: 'stale_heartbeat' } });
    const { entry: work } = await two.store.collection(workRecords).get(result.key);
    expect(work).toMatchObject({ value: { done: { runId: result.runId } } });
  }, 300_000);

  it('is ended by its watchdog when it never yields, and is found dead like any other', async () => {
    await services.firestore.restart();
    const { runId, ended } = await atWork(blocking);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(await recoveredByBoth(runId)).toMatchObject([{ runId }]);
    const { entry } = await two.store.collection(runRecords).get(runId);
    expect(entry).toMatchObject({ value: { status: 'failed', reason: 'stale_heartbeat' } });
  }, 300_000);
});
