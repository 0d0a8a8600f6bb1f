import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoggingServer, startLoggingServer } from '../../../test/emulators/logging-server.ts';
import { ConfigurationError } from '../../errors/index.ts';
import { TcpProxy } from '../../../test/emulators/tcp-proxy.ts';
import { type CloudLogging, cloudLogging, type LogEntry } from './cloud-logging.ts';

describe('Cloud Logging', () => {
  let server: LoggingServer;
  let logging: CloudLogging;
  beforeEach(async () => {
    server = await startLoggingServer();
    logging = cloudLogging({ project: 'project', endpoint: `http://127.0.0.1:${server.port}` });
  });
  afterEach(async () => {
    await logging.close();
    await server.close();
  });

  const entry: LogEntry = {
    timestamp: '2026-01-15T12:00:00.123Z',
    severity: 'WARNING',
    insertId: 'one',
    labels: { processor: 'TeamOffense' },
    trace: 'projects/project/traces/abc',
    payload: { message: 'é ✓', nested: { list: [1, 'two', null] } },
  };
  const since = '2026-01-15T00:00:00Z';

  it('gives back an entry with severity, labels, trace and payload', async () => {
    await logging.write('runs', [entry]);
    const { entries } = await logging.entries('runs', { since });
    expect(entries).toEqual([{ ...entry, received: undefined }]);
    expect((await logging.entries('other', { since })).entries).toEqual([]);
    expect((await logging.entries('runs', { since: '2026-01-16T00:00:00Z' })).entries).toEqual([]);
    expect((await logging.entries('runs', { since, labels: { processor: 'x' } })).entries).toEqual([]);
  });

  it('takes labels as they are, whatever is in them', async () => {
    const odd = { 'app.kubernetes.io/name': 'say "no" AND logName="x" \\ \n' };
    await logging.write('runs', [
      { ...entry, labels: odd },
      { ...entry, insertId: 'two' },
    ]);
    const ids = async (query: object) =>
      (await logging.entries('runs', { since, ...query })).entries.map(({ insertId }) => insertId);
    expect(await ids({ labels: odd })).toEqual(['one']);
    expect(await ids({ withoutLabels: odd })).toEqual(['two']);
    expect(await ids({ labels: { processor: 'x" OR logName:"' } })).toEqual([]);
  });

  it.each(['yesterday', '2026-01-15T00:00:00Z" OR logName:"', '2026-13-45T99:00:00Z', ''])(
    'refuses %j as a time, before it asks',
    async (bad) => {
      await expect(logging.entries('runs', { since: bad })).rejects.toThrow(ConfigurationError);
      expect(server.calls).toEqual([]);
    },
  );

  it.each([
    // With so much time that it is not its end which cancels them.
    ['write', (signal: AbortSignal) => logging.write('runs', [entry], { signal, timeout: '1h' })],
    ['read', (signal: AbortSignal) => logging.entries('runs', { since, signal, timeout: '1h' })],
  ] as const)('cancels a %s at the server when its caller gives up', async (_, call) => {
    server.fault('hang');
    const controller = new AbortController();
    const reason = new Error('the run is over');
    const ended = call(controller.signal).catch((error: unknown) => error);
    await expect.poll(() => server.calls.length).toBe(1);
    expect(server.cancelled).toEqual([]);
    controller.abort(reason);
    expect(await ended).toBe(reason);
    await expect.poll(() => server.cancelled).toEqual(server.calls);
  });

  it.each([
    [14, 'transient'],
    [8, 'throttled'],
    [7, 'permanent'],
  ])('shows gRPC code %d as %s, after one request', async (code, kind) => {
    server.fault(code);
    const failing = logging.write('runs', [entry]);
    await expect(failing).rejects.toMatchObject({ service: 'cloud_logging', kind, code: String(code) });
    expect(server.calls).toEqual(['WriteLogEntries']);
  });

  it('is bounded when the server does not answer, is frozen or away', async () => {
    server.fault('hang');
    await expect(logging.write('runs', [entry], { timeout: 50 })).rejects.toMatchObject({ kind: 'timeout' });
    const proxy = await TcpProxy.before(server.port);
    const behind = cloudLogging({ project: 'project', endpoint: `http://127.0.0.1:${proxy.port}` });
    await proxy.set('hold');
    await expect(behind.write('runs', [entry], { timeout: 50 })).rejects.toMatchObject({ kind: 'timeout' });
    await expect(behind.entries('runs', { since, timeout: 50 })).rejects.toMatchObject({ kind: 'timeout' });
    await proxy.set('refuse');
    const refused = behind.write('runs', [entry], { timeout: 500 });
    await expect(refused).rejects.toMatchObject({ kind: expect.stringMatching(/^(transient|timeout)$/) });
    await behind.close();
    await proxy.close();
  });
});
