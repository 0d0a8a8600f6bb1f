import { describe, expect, it } from 'vitest';
import { ConfigurationError, ServiceError } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import { createJsonLogger, type JsonLoggerOptions } from './json-logger.ts';

function logged(level: JsonLoggerOptions['level'] = 'debug') {
  const written: string[] = [];
  const clock = new VirtualClock({ wall: '2026-01-16T09:00:00Z' });
  const logger = createJsonLogger({ write: (line) => written.push(line), clock, level });
  return { logger, written, lines: () => written.map((line) => JSON.parse(line)) };
}

describe('the JSON logger', () => {
  it('writes one line a message, as Cloud Logging reads it', () => {
    const { logger, written, lines } = logged();
    logger.warn('upstream\nis late', { key: 'nba/2026-01-15', wanted: 8 });
    expect(written).toHaveLength(1);
    expect(written[0]).not.toContain('\n');
    expect(lines()).toEqual([
      {
        severity: 'WARNING',
        message: 'upstream\nis late',
        time: '2026-01-16T09:00:00.000Z',
        key: 'nba/2026-01-15',
        wanted: 8,
      },
    ]);
  });

  it('names the severities as Cloud Logging does', () => {
    const { logger, lines } = logged();
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]('x');
    expect(lines().map(({ severity }) => severity)).toEqual(['DEBUG', 'INFO', 'WARNING', 'ERROR']);
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = logged('warn');
    logger.debug('no');
    logger.info('no');
    logger.warn('yes');
    logger.child({}).info('no');
    expect(lines().map(({ message }) => message)).toEqual(['yes']);
  });

  it('refuses a level that there is not', () => {
    expect(() => createJsonLogger({ level: 'loud' as never })).toThrow(ConfigurationError);
  });

  it('puts the fields of a child on each of its lines, and the line’s own over them', () => {
    const { logger, lines } = logged();
    logger.child({ run: 'a', step: 'extract' }).child({ key: 'k' }).info('x', { step: 'load' });
    expect(lines()[0]).toMatchObject({ run: 'a', key: 'k', step: 'load' });
  });

  it('keeps its own fields when the caller’s have their names', () => {
    const { logger, lines } = logged();
    logger.info('the message', { message: 'another', severity: 'none', time: 1 });
    expect(lines()[0]).toMatchObject({
      message: 'the message',
      severity: 'INFO',
      _message: 'another',
      _severity: 'none',
      _time: 1,
    });
  });

  it('shows an error with name, message, kind, code and cause', () => {
    const { logger, lines } = logged();
    const cause = Object.assign(new Error('connection reset'), { code: 'ECONNRESET' });
    const error = new ServiceError('the odds failed', { service: 'odds', kind: 'transient' }, { cause });
    logger.error('x', { error });
    expect(lines()[0].error).toEqual({
      name: 'ServiceError',
      message: 'the odds failed',
      kind: 'transient',
      cause: { name: 'Error', message: 'connection reset', kind: 'transient', code: 'ECONNRESET' },
    });
  });

  it('shows each error of several', () => {
    const { logger, lines } = logged();
    logger.error('x', { error: new AggregateError([new Error('one'), new Error('two')], 'both') });
    expect(lines()[0].error.errors).toMatchObject([{ message: 'one' }, { message: 'two' }]);
  });

  it.each([
    'authorization',
    'Authorization',
    'token',
    'access_token',
    'refreshToken',
    'password',
    'client_secret',
    'api_key',
    'apiKey',
    'x-api-key',
    'set-cookie',
    'privateKey',
    'credentials',
  ])('does not show a field named %s, however deep', (name) => {
    const { logger, written } = logged();
    logger.info('x', { [name]: 's3cr3t', request: { headers: [{ [name]: { value: 's3cr3t' } }] } });
    expect(written[0]).not.toContain('s3cr3t');
    expect(written[0]).toContain('(not shown)');
  });

  it('shows counts of tokens and keys that are no secrets', () => {
    const { logger, lines } = logged();
    logger.info('x', { tokenCount: 7, key: 'nba/2026-01-15', keys: ['game_id'] });
    expect(lines()[0]).toMatchObject({ tokenCount: 7, key: 'nba/2026-01-15', keys: ['game_id'] });
  });

  it('hides the secrets in texts, be they messages, URLs or errors', () => {
    const { logger, written } = logged();
    logger.error('GET https://user:s3cr3t@api.example.com/odds?apiKey=s3cr3t&date=2026-01-15', {
      header: 'Bearer s3cr3t.s3cr3t',
      error: new Error('no answer from /odds?access_token=s3cr3t'),
      url: new URL('https://api.example.com/odds?key=s3cr3t'),
    });
    expect(written[0]).not.toContain('s3cr3t');
    expect(written[0]).toContain('date=2026-01-15');
  });

  it('shows what is no JSON', () => {
    const { logger, lines } = logged();
    logger.info('x', {
      big: 12n,
      nan: Number.NaN,
      when: new Date('2026-01-15T00:00:00Z'),
      set: new Set(['a']),
      map: new Map([['a', 1]]),
      bytes: new Uint8Array(9),
      nothing: undefined,
      none: null,
    });
    expect(lines()[0]).toMatchObject({
      big: '12',
      nan: 'NaN',
      when: '2026-01-15T00:00:00.000Z',
      set: ['a'],
      map: { a: 1 },
      bytes: '9 bytes',
      none: null,
    });
    expect('nothing' in lines()[0]).toBe(false);
  });

  it('bears labels and the trace as Cloud Logging reads them', () => {
    const written: string[] = [];
    let current: string | undefined = 'aa11';
    const logger = createJsonLogger({
      write: (line) => written.push(line),
      labels: { service: 'stats' },
      project: 'my-project',
      trace: () => current,
    });
    logger.info('x');
    logger.child({ trace: 'projects/other/traces/bb22' }).info('x');
    current = undefined;
    logger.info('x');
    const traces = written.map((line) => JSON.parse(line)['logging.googleapis.com/trace']);
    expect(traces).toEqual(['projects/my-project/traces/aa11', 'projects/other/traces/bb22', undefined]);
    expect(JSON.parse(written[1]!)).toMatchObject({ 'logging.googleapis.com/labels': { service: 'stats' } });
    expect(JSON.parse(written[1]!)).not.toHaveProperty('trace');
    expect(() => createJsonLogger({ labels: { service: 1 as never } })).toThrow('createJsonLogger.labels');
  });

  it('takes circles, and objects that throw', () => {
    const { logger, lines } = logged();
    const circle: Record<string, unknown> = { name: 'a' };
    circle.self = circle;
    const error = new Error('its own cause');
    error.cause = error;
    const thrower = {
      get value() {
        throw new Error('no');
      },
    };
    logger.info('x', { circle, error, thrower });
    expect(lines()[0]).toMatchObject({ circle: { name: 'a' }, thrower: '(unreadable)' });
  });

  it('keeps a line of many numbers below 256 KB', () => {
    const { logger, written } = logged();
    const many = (depth: number): unknown =>
      depth === 0 ? -1.2345678901234e-300 : Array.from({ length: 60 }, () => many(depth - 1));
    logger.info('x', { many: many(3) });
    expect(Buffer.byteLength(written[0] as string)).toBeLessThan(256 * 1_024);
    expect(written[0]).toContain('more');
  });

  it('keeps any line below 256 KB', () => {
    const { logger, written } = logged();
    const wide = (depth: number): unknown =>
      depth === 0 ? '\u0001'.repeat(5_000) : Array.from({ length: 60 }, () => wide(depth - 1));
    logger.info('\u0001'.repeat(1_000_000), { a: wide(2), b: 'é'.repeat(1_000_000), c: wide(2) });
    expect(Buffer.byteLength(written[0] as string)).toBeLessThan(256 * 1_024);
  });
});
