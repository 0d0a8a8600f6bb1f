import { execFileSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startBigQueryServer } from '../../../test/emulators/bigquery/server.ts';
import { startLoggingServer } from '../../../test/emulators/logging-server.ts';
import { startStorageServer } from '../../../test/emulators/storage-server.ts';
import { z } from 'zod';
import { settingsFor } from '../../context/index.ts';
import { CircuitOpenError, ConfigurationError } from '../../errors/index.ts';
import { retry } from '../../policy/index.ts';
import { traced } from '../logging/trace.ts';
import { createGoogleContext, type GoogleContextOptions } from './create-google-context.ts';
import { type RetryProfileName, retryProfile } from './retry-profiles.ts';

const create = (options: Partial<GoogleContextOptions> = {}) =>
  createGoogleContext({ project: 'project', location: 'US', env: {}, ...options });

describe('a context of Google’s services', () => {
  it('takes times and thresholds from the environment, before its options', async () => {
    const env = {
      CIRCUIT_BREAKER_THRESHOLD: '7',
      CIRCUIT_BREAKER_TIMEOUT_MINUTES: '45',
      TIMEOUT_HTTP_REQUEST: '12',
      TIMEOUT_BIGQUERY_QUERY: '2m',
      K_REVISION: 'stats-00042',
    };
    const context = create({ env });
    expect(context.config).toMatchObject({
      version: 'stats-00042',
      circuit: { failures: 7, openFor: 45 * 60_000 },
    });
    expect(context.http.timeout).toBe(12_000);
    expect(context.bigquery.timeout).toBe(120_000);
    const own = create({ env, config: { circuit: { failures: 2 } }, timeouts: { http: '5s' } });
    expect(own.config.circuit).toEqual({ failures: 2, openFor: 45 * 60_000 });
    expect(own.http.timeout).toBe(5_000);
    await Promise.all([context.close(), own.close()]);
  });

  it('takes times and thresholds of single processors, and what a push waits', async () => {
    const env = {
      TIMEOUT_PROCESSOR: '300',
      TIMEOUT_PROCESSOR_PLAYER_GAME_SUMMARY: '420',
      CIRCUIT_BREAKER_THRESHOLD_PlayerGameSummaryProcessor: '2',
      CIRCUIT_BREAKER_TIMEOUT_MINUTES_PLAYER_GAME_SUMMARY_PROCESSOR: '90',
      CIRCUIT_BREAKER_THRESHOLD_ROSTER_HISTORY: '9',
      TIMEOUT_PROCESSOR_ROSTER_HISTORY: '',
      TIMEOUT_ACK_DEADLINE: '500',
      TIMEOUT_REQUEST: '15m',
    };
    const processors = { PlayerGameSummaryProcessor: { circuit: { failures: 4 } } };
    await using context = create({ env, config: { processors, processor: { grace: '20s' } } });
    const of = (name: string) => settingsFor(context.config, { name, timeout: 1_000, circuit: {} });
    expect(of('PlayerGameSummaryProcessor')).toEqual({ timeout: 420_000, failures: 4, openFor: 5_400_000 });
    expect(of('RosterHistoryProcessor')).toEqual({ timeout: 1_000, failures: 9, openFor: 1_800_000 });
    expect(context.config.processor).toEqual({ timeout: 300_000, grace: 20_000 });
    expect(context.config.push).toEqual({ ackDeadline: 500_000, requestTimeout: 900_000 });
  });

  it('tells the variable, what it was and what it may be', () => {
    const message = (env: Record<string, string>) => {
      try {
        create({ env });
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(message({ CIRCUIT_BREAKER_TIMEOUT_MINUTES: 'ages' })).toBe(
      `CIRCUIT_BREAKER_TIMEOUT_MINUTES must be a number of minutes above zero, or a duration such as '45s', received "ages"`,
    );
    expect(message({ EXTERNAL_CB_THRESHOLD: '2.5' })).toBe(
      'EXTERNAL_CB_THRESHOLD must be a whole number of at least 1, received "2.5"',
    );
  });

  it('has defaults for all of them', async () => {
    await using context = create({ env: { CIRCUIT_BREAKER_THRESHOLD: '' } });
    expect(context.config.circuit).toEqual({ failures: 5, openFor: 30 * 60_000 });
    expect([context.http.timeout, context.bigquery.timeout, context.storage.timeout]).toEqual([
      30_000, 120_000, 30_000,
    ]);
    expect(context.heartbeats.sinks.map(({ name }) => name)).toEqual([
      'firestore',
      'cloud_logging',
      'cloud_storage',
    ]);
  });

  it.each([
    [{ CIRCUIT_BREAKER_THRESHOLD: '0' }, 'CIRCUIT_BREAKER_THRESHOLD'],
    [{ CIRCUIT_BREAKER_THRESHOLD: 'five' }, 'CIRCUIT_BREAKER_THRESHOLD'],
    [{ CIRCUIT_BREAKER_TIMEOUT_MINUTES: '-1' }, 'CIRCUIT_BREAKER_TIMEOUT_MINUTES'],
    [{ EXTERNAL_CB_HALF_OPEN_MAX_CALLS: '1.5' }, 'EXTERNAL_CB_HALF_OPEN_MAX_CALLS'],
    [{ TIMEOUT_HTTP_REQUEST: '0' }, 'TIMEOUT_HTTP_REQUEST'],
    [{ TIMEOUT_HTTP_REQUEST: '1.2.3' }, 'TIMEOUT_HTTP_REQUEST'],
    [{ TIMEOUT_BIGQUERY_QUERY: 'Infinity' }, 'TIMEOUT_BIGQUERY_QUERY'],
    [{ EXTERNAL_CB_THRESHOLD: '-3' }, 'EXTERNAL_CB_THRESHOLD'],
    [{ EXTERNAL_CB_TIMEOUT_SECONDS: 'soon' }, 'EXTERNAL_CB_TIMEOUT_SECONDS'],
    [{ TIMEOUT_PROCESSOR: '0' }, 'TIMEOUT_PROCESSOR'],
    [{ TIMEOUT_PROCESSOR_ROSTER_HISTORY: 'long' }, 'TIMEOUT_PROCESSOR_ROSTER_HISTORY'],
    [{ CIRCUIT_BREAKER_THRESHOLD_ROSTER_HISTORY: '0' }, 'CIRCUIT_BREAKER_THRESHOLD_ROSTER_HISTORY'],
    [
      { CIRCUIT_BREAKER_TIMEOUT_MINUTES_ROSTER_HISTORY: '-5' },
      'CIRCUIT_BREAKER_TIMEOUT_MINUTES_ROSTER_HISTORY',
    ],
    [{ TIMEOUT_PROCESSOR__: '5' }, 'TIMEOUT_PROCESSOR__'],
    [{ TIMEOUT_ACK_DEADLINE: '601' }, 'TIMEOUT_ACK_DEADLINE must be from 10 s to 600 s, received "601"'],
    [{ TIMEOUT_REQUEST: 'soon' }, 'TIMEOUT_REQUEST'],
    [{ TIMEOUT_ACK_DEADLINE: '600' }, 'config.processor.timeout'],
    [{ TIMEOUT_REQUEST: '900', TIMEOUT_PROCESSOR_ROSTER_HISTORY: '900' }, 'TIMEOUT_PROCESSOR_ROSTER_HISTORY'],
    [
      { TIMEOUT_PROCESSOR_ROSTER_HISTORY: '10' },
      'TIMEOUT_PROCESSOR_ROSTER_HISTORY must be at least timeouts.http (30000 ms)',
    ],
    [{ TIMEOUT_PROCESSOR_ROSTER_HISTORY: '100' }, 'at least timeouts.bigquery (120000 ms)'],
    [{ FIRESTORE_EMULATOR_HOST: 'firestore.example:80' }, 'firestore.endpoint'],
  ])('names what is wrong in %o', (env, name) => {
    expect(() => create({ env })).toThrow(ConfigurationError);
    expect(() => create({ env })).toThrow(name);
  });

  it.each([
    [{ timeouts: { http: '11m' } }, 'timeouts.http'],
    [{ timeouts: { bigquery: '11m' } }, 'timeouts.bigquery'],
    [{ env: { TIMEOUT_BIGQUERY_QUERY: '601' } }, 'TIMEOUT_BIGQUERY_QUERY'],
    [{ env: { TIMEOUT_BIGQUERY_QUERY: '60' }, timeouts: { bigquery: '11m' } }, 'timeouts.bigquery must'],
    [
      {
        config: { processors: { RosterHistoryProcessor: { timeout: '10s' } } },
        env: { TIMEOUT_PROCESSOR_ROSTER_HISTORY: '900' },
      },
      'config.processors.rosterhistory.timeout must',
    ],
    [{ config: { processor: { timeout: '20s' } } }, 'timeouts.http'],
    [{ timeouts: { store: '61s' } }, 'timeouts.store'],
    [{ timeouts: { sink: '20s' } }, 'timeouts.sink'],
  ] as const)('refuses time-outs that do not nest: %o', (options, name) => {
    expect(() => create(options)).toThrow(ConfigurationError);
    expect(() => create(options)).toThrow(name);
  });

  it.each([
    [{ project: 'A_B' }, 'project'],
    [{ location: 'US/EU' }, 'location'],
    [{ bucket: '' }, 'bucket'],
    [{ database: 'a/b' }, 'database'],
    [{ logger: 'cloud-logging' as never }, 'logger'],
    [{ logger: { info() {} } as never }, 'logger'],
    [{ circuit: { failures: -1 } }, 'circuit.failures'],
    [{ circuit: { probes: 0 } }, 'circuit.probes'],
    [{ circuit: { openFor: 'soon' } }, 'circuit.openFor'],
  ] as const)('refuses %o, by the name that it was given under', (options, field) => {
    expect(() => create(options)).toThrow(expect.objectContaining({ name: 'ConfigurationError', field }));
  });

  it('leaves a service alone that keeps failing, as the environment says, and no other context with it', async () => {
    const server = await startBigQueryServer();
    onTestFinished(() => server.close());
    const endpoints = { bigquery: `http://127.0.0.1:${server.port}` };
    await using strict = create({ endpoints, env: { EXTERNAL_CB_THRESHOLD: '2' }, random: () => 0 });
    await using other = create({ endpoints, random: () => 0 });
    server.fault({ answer: { status: 503 }, times: 6 });
    for (let call = 0; call < 2; call++)
      await expect(strict.bigquery.query('SELECT 1 AS one')).rejects.toMatchObject({ kind: 'transient' });
    await expect(strict.bigquery.query('SELECT 1 AS one')).rejects.toThrow(CircuitOpenError);
    expect(server.requests).toHaveLength(6);
    expect(await other.bigquery.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect([strict, other].map(({ bigquery }) => bigquery.statistics().circuit)).toEqual(['open', 'closed']);
  });

  it('shares nothing between two contexts: each has its own bucket, settings and clients', async () => {
    const server = await startStorageServer();
    onTestFinished(() => server.close());
    const endpoints = { storage: `http://127.0.0.1:${server.port}` };
    await using one = create({ endpoints, bucket: 'one', timeouts: { storage: '3s' } });
    const two = create({ endpoints, bucket: 'two' });
    await one.storage.save('a', '1', { ifGeneration: 0 });
    await two.close();
    expect((await one.storage.list('')).map(({ path }) => path)).toEqual(['a']);
    expect([one.storage.timeout, two.storage.timeout]).toEqual([3_000, 30_000]);
    expect(one.config.instance).not.toBe(two.config.instance);
    expect(server.requests.every(({ url }) => !url.pathname.includes('/two/'))).toBe(true);
  });

  it('closes without ever having connected, and again', async () => {
    const context = create();
    await Promise.all([context.close(), context.close()]);
    await context.close();
  });

  it('opens nothing again once it is closed', async () => {
    const context = create();
    await context.close();
    const closed = { kind: 'permanent', code: 'closed' };
    const entry = { timestamp: '2026-01-15T12:00:00Z', severity: 'INFO', payload: {} } as const;
    await expect(context.bigquery.query('SELECT 1 AS one')).rejects.toMatchObject(closed);
    await expect(context.storage.list('')).rejects.toMatchObject(closed);
    await expect(context.cloudLogging.write('log', [entry])).rejects.toMatchObject(closed);
    const records = context.store.collection({ name: 'counts', version: 1, schema: z.number() });
    await expect(records.get('a')).rejects.toMatchObject({ name: 'StoreUnavailableError', cause: closed });
    await expect(context.http.request('http://127.0.0.1:9/')).rejects.toThrow();
  });

  it('logs through Cloud Logging where it is asked to, and writes what is left when it closes', async () => {
    const server = await startLoggingServer();
    onTestFinished(() => server.close());
    const endpoints = { logging: `http://127.0.0.1:${server.port}` };
    const context = create({ endpoints, logger: 'cloud_logging' });
    await traced(async () => context.logger.child({ runId: 'r1' }).warn('upstream is late'))(
      new Request('http://localhost', { headers: { 'x-cloud-trace-context': `${'ab'.repeat(16)}/1` } }),
    );
    await context.close();
    expect(server.entries.map(({ logName }) => logName)).toContain('projects/project/logs/breakwater');
    expect(server.entries.find(({ labels }) => labels.runId === 'r1')).toMatchObject({
      severity: 'WARNING',
      trace: `projects/project/traces/${'ab'.repeat(16)}`,
    });
  });

  it('watches the event loop where it is asked to, from the first run on', async () => {
    const watched = create({ watchdog: true });
    const guarded = watched.watchdog?.guard({ runId: 'r', key: 'k' }, 60_000);
    guarded?.[Symbol.dispose]();
    expect(watched.watchdog?.lag()).toBeGreaterThanOrEqual(0);
    await watched.close();
    await using plain = create();
    expect(plain.watchdog).toBeUndefined();
  });

  it('loads no package of Google before a service is first used', () => {
    const program = `
      import { createGoogleContext } from 'breakwater/google';
      import * as core from 'breakwater';
      const context = createGoogleContext({ project: 'project', location: 'US', env: {} });
      await context.close();
      const { registerHooks } = await import('node:module');
      console.log(typeof core.retry, typeof registerHooks);
    `;
    const hook = `data:text/javascript,import{registerHooks}from'node:module';registerHooks({resolve(s,c,n){if(/^(@google-cloud|google-|@grpc)/.test(s))throw new Error('loaded '+s);return n(s,c)}})`;
    const args = ['--conditions=breakwater-source', '--import', hook, '--input-type=module', '-e', program];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toContain('function');
  });
});

describe('the retry profiles', () => {
  it.each([
    ['fast', 3],
    ['standard', 4],
    ['patient', 6],
    ['aggressive', 8],
    ['bigquery', 5],
    ['pubsub', 5],
  ] as const)('%s makes %d attempts, and is taken by retry', (name, attempts) => {
    expect(retryProfile(name).attempts).toBe(attempts);
    expect(retry(retryProfile(name))).toBeDefined();
  });

  it('has no others', () => {
    expect(() => retryProfile('endless' as RetryProfileName)).toThrow(ConfigurationError);
  });
});
