import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoggingServer, startLoggingServer } from '../../../test/emulators/logging-server.ts';
import { ConfigurationError, ServiceError } from '../../errors/index.ts';
import { RecordingLogger, VirtualClock } from '../../testing/index.ts';
import { type CloudLogger, type CloudLoggerOptions, cloudLogger } from './cloud-logger.ts';
import { type CloudLogging, cloudLogging, type LogEntry } from './cloud-logging.ts';

/** Takes what it is given, unless a test says otherwise. */
class LoggingStub implements CloudLogging {
  readonly requests: (readonly LogEntry[])[] = [];
  fail: ((signal: AbortSignal | undefined) => Promise<never>) | undefined;

  async write(
    _log: string,
    entries: readonly LogEntry[],
    options: { signal?: AbortSignal | undefined } = {},
  ) {
    this.requests.push(entries);
    await this.fail?.(options.signal);
  }

  async entries() {
    return { entries: [], next: undefined };
  }

  async close() {}
}

const failing = (kind: 'transient' | 'permanent') => async () => {
  throw new ServiceError('no', { service: 'cloud_logging', kind });
};

describe('a logger through Cloud Logging', () => {
  let clock: VirtualClock;
  let logging: LoggingStub;
  let fallback: RecordingLogger;
  beforeEach(() => {
    clock = new VirtualClock({ wall: '2026-01-16T09:00:00Z' });
    logging = new LoggingStub();
    fallback = new RecordingLogger();
  });

  const create = (options: Partial<CloudLoggerOptions> = {}) =>
    cloudLogger({ logging, clock, fallback, ...options });
  const messages = () => logging.requests.flat().map(({ payload }) => payload.message);
  const numbered = (logger: CloudLogger, from: number, to: number) => {
    for (let line = from; line <= to; line++) logger.info(`line ${line}`);
  };

  it('sends the lines of a second together, and not before', async () => {
    const logger = create();
    numbered(logger, 1, 3);
    await clock.advance(999);
    expect(logging.requests).toHaveLength(0);
    await clock.advance(1);
    expect(logging.requests.map(({ length }) => length)).toEqual([3]);
    expect(logger.statistics()).toEqual({ written: 3, dropped: 0, waiting: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('makes entries with severity, time, labels, trace and an id of their own', async () => {
    const logger = create({ labels: { service: 'stats' }, project: 'my-project', trace: () => 'aa11' });
    const run = logger.child({ processor: 'TeamOffense', key: 'out/2026-01-15', runId: 'r1' });
    run.warn('upstream is late', { wanted: 8, nothing: undefined, message: 'another' });
    run.error('x');
    await logger.flush();
    const [first, second] = logging.requests.flat();
    expect(first).toMatchObject({
      timestamp: '2026-01-16T09:00:00.000Z',
      severity: 'WARNING',
      labels: { service: 'stats', processor: 'TeamOffense', key: 'out/2026-01-15', runId: 'r1' },
      trace: 'projects/my-project/traces/aa11',
      payload: { message: 'upstream is late', _message: 'another', wanted: 8, processor: 'TeamOffense' },
    });
    expect(second?.insertId).not.toBe(first?.insertId);
  });

  it('shows no secret', async () => {
    const logger = create();
    logger.info('GET /odds?apiKey=s3cr3t', { token: 's3cr3t', error: new Error('Bearer s3cr3t.s3cr3t') });
    await logger.flush();
    expect(JSON.stringify(logging.requests)).not.toContain('s3cr3t');
  });

  it('sends at once what fills a request, by entries or by bytes, and never more in one', async () => {
    const logger = create();
    numbered(logger, 1, 2_500);
    await clock.advance('1s');
    expect(logging.requests.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
    expect(messages()[2_499]).toBe('line 2500');
    logging.requests.length = 0;
    for (let line = 0; line < 100; line++)
      logger.info('x', { text: Array.from({ length: 50 }, () => 'é'.repeat(700)) });
    await clock.advance('1s');
    expect(logging.requests.flat()).toHaveLength(100);
    for (const request of logging.requests)
      expect(Buffer.byteLength(JSON.stringify(request))).toBeLessThan(10_000_000);
    expect(logging.requests.length).toBeGreaterThan(1);
  });

  it('keeps lines in order while the service is away, tries it again less and less often, and says so once a minute', async () => {
    const logger = create();
    logging.fail = failing('transient');
    numbered(logger, 1, 2);
    await clock.advance('2m');
    // After 1 s, then after pauses of 1, 2, 4, … 60 s.
    expect(logging.requests).toHaveLength(7);
    expect(fallback.lines).toHaveLength(2);
    expect(fallback.lines[0]).toMatchObject({ level: 'error', fields: { waiting: 2, dropped: 0 } });
    logging.fail = undefined;
    logging.requests.length = 0;
    numbered(logger, 3, 4);
    await clock.advance('2m');
    expect(messages()).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
    expect(logger.statistics()).toEqual({ written: 4, dropped: 0, waiting: 0 });
  });

  it('drops the oldest when too many wait, and counts them', async () => {
    const logger = create({ mostWaiting: 100 });
    logging.fail = failing('transient');
    numbered(logger, 1, 50);
    await clock.advance('1s');
    numbered(logger, 51, 250);
    await clock.advance('5m');
    expect(logger.statistics()).toMatchObject({ written: 0, dropped: 150, waiting: 100 });
    logging.fail = undefined;
    logging.requests.length = 0;
    expect(await logger.flush()).toBe(true);
    expect([messages()[0], messages().at(-1), messages().length]).toEqual(['line 151', 'line 250', 100]);
  });

  it('holds no more bytes than twenty million, whatever the lines are', async () => {
    const logger = create();
    logging.fail = failing('transient');
    for (let line = 0; line < 1_000; line++)
      logger.info('x', { text: Array.from({ length: 50 }, () => 'x'.repeat(700)) });
    await clock.advance('1s');
    const { waiting, dropped } = logger.statistics();
    expect(waiting + dropped).toBe(1_000);
    expect(waiting).toBeLessThan(1_000);
    expect(waiting).toBeGreaterThan(50);
  });

  it('drops and counts what the service refuses for good, and goes on with the next', async () => {
    const logger = create();
    logging.fail = failing('permanent');
    logger.info('bad');
    await clock.advance('1s');
    expect(logger.statistics()).toEqual({ written: 0, dropped: 1, waiting: 0 });
    expect(fallback.lines).toMatchObject([{ fields: { dropped: 1 } }]);
    logging.fail = undefined;
    logger.info('good');
    await logger.flush();
    expect(logger.statistics()).toEqual({ written: 1, dropped: 1, waiting: 0 });
  });

  it('closes within its time though the service hangs: what is left is dropped, counted and told', async () => {
    const logger = create();
    logging.fail = (signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    logger.info('x');
    const closed = Promise.all([logger.close(), logger.close()]);
    await clock.advance('5s');
    await closed;
    expect(logger.statistics()).toEqual({ written: 0, dropped: 1, waiting: 0 });
    expect(fallback.lines).toMatchObject([{ level: 'error', fields: { dropped: 1 } }]);
    logger.child({ a: 1 }).warn('after the end');
    expect(fallback.lines.at(-1)).toMatchObject({
      level: 'warn',
      message: 'after the end',
      fields: { a: 1 },
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('writes all that waits when it closes', async () => {
    const logger = create();
    numbered(logger, 1, 3);
    await logger.close();
    expect(messages()).toHaveLength(3);
    expect(fallback.lines).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('goes on though its fallback throws, which harms nobody', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      fallback.error = fallback.warn = () => {
        throw new Error('the fallback is broken');
      };
      const logger = create();
      logging.fail = failing('transient');
      logger.info('x');
      await clock.advance('1s');
      logging.fail = undefined;
      await clock.advance('2s');
      expect(messages().at(-1)).toBe('x');
      expect(logger.statistics()).toEqual({ written: 1, dropped: 0, waiting: 0 });
      logging.fail = failing('permanent');
      logger.info('y');
      await logger.close();
      expect(() => logger.warn('after the end')).not.toThrow();
      // Rejections that nobody handles are told after a turn of the event loop.
      await new Promise(setImmediate);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it.each([
    [{ mostWaiting: 0 }, 'cloudLogger.mostWaiting'],
    [{ flushEvery: 0 }, 'cloudLogger.flushEvery'],
    [{ closeWithin: 'soon' }, 'cloudLogger.closeWithin'],
    [{ level: 'loud' as never }, 'cloudLogger.level'],
  ])('refuses %o', (options, name) => {
    expect(() => create(options)).toThrow(ConfigurationError);
    expect(() => create(options)).toThrow(name);
  });
});

describe('the logger through the official client', () => {
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

  it('sends what can be read back, once, though the first answer was a failure', async () => {
    const logger = cloudLogger({ logging, project: 'project', fallback: new RecordingLogger() });
    server.fault(14);
    logger.child({ runId: 'r1', trace: 'aa11' }).error('failed', { error: new Error('no'), none: undefined });
    expect(await logger.flush('20s')).toBe(true);
    const { entries } = await logging.entries('breakwater', {
      since: '2020-01-01T00:00:00Z',
      labels: { runId: 'r1' },
    });
    expect(entries).toMatchObject([
      {
        severity: 'ERROR',
        trace: 'projects/project/traces/aa11',
        payload: { message: 'failed', error: { name: 'Error', message: 'no' } },
      },
    ]);
    await logger.close();
  });

  it('keeps the largest lines below 256 KB an entry and 10 MB a request on the wire', async () => {
    const logger = cloudLogger({ logging });
    const wide = (depth: number): unknown =>
      depth === 0 ? '\u0801'.repeat(5_000) : Array.from({ length: 60 }, () => wide(depth - 1));
    const many = (depth: number): unknown =>
      depth === 0 ? 7 : Array.from({ length: 60 }, () => many(depth - 1));
    for (let line = 0; line < 150; line++) {
      const fields = line % 2 === 0 ? { wide: wide(2) } : { many: many(3) };
      logger.info('\u0801'.repeat(10_000), fields);
      if (line < 2) expect(await logger.flush('20s')).toBe(true);
    }
    expect(await logger.flush('20s')).toBe(true);
    expect(server.sizes.slice(0, 2).every((size) => size < 256 * 1_024)).toBe(true);
    expect(Math.max(...server.sizes)).toBeLessThan(10_000_000);
    expect(server.entries).toHaveLength(150);
    await logger.close();
  });
});
