import { execFileSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startBigQueryServer } from '../../../test/emulators/bigquery/server.ts';
import { startStorageServer } from '../../../test/emulators/storage-server.ts';
import { CircuitOpenError, ConfigurationError } from '../../errors/index.ts';
import { retry } from '../../policy/index.ts';
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
    [{ FIRESTORE_EMULATOR_HOST: 'firestore.example:80' }, 'firestore.endpoint'],
  ])('names what is wrong in %o', (env, name) => {
    expect(() => create({ env })).toThrow(ConfigurationError);
    expect(() => create({ env })).toThrow(name);
  });

  it.each([
    [{ timeouts: { http: '11m' } }, 'timeouts.http'],
    [{ timeouts: { bigquery: '11m' } }, 'timeouts.bigquery'],
    [{ env: { TIMEOUT_BIGQUERY_QUERY: '601' } }, 'timeouts.bigquery'],
    [{ config: { processor: { timeout: '20s' } } }, 'timeouts.http'],
    [{ timeouts: { store: '61s' } }, 'timeouts.store'],
    [{ timeouts: { sink: '20s' } }, 'timeouts.sink'],
  ] as const)('refuses time-outs that do not nest: %o', (options, name) => {
    expect(() => create(options)).toThrow(ConfigurationError);
    expect(() => create(options)).toThrow(name);
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
    await context.close();
    await context.close();
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
