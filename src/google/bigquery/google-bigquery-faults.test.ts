import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BigQueryServer, failed, startBigQueryServer } from '../../../test/emulators/bigquery/server.ts';
import { TcpProxy } from '../../../test/emulators/tcp-proxy.ts';
import { BulkheadFullError, ConfigurationError, TimeoutError } from '../../errors/index.ts';
import { FakeStorage, VirtualClock } from '../../testing/index.ts';
import { type GoogleBigQuery, type GoogleBigQueryOptions, googleBigQuery } from './google-bigquery.ts';

describe('BigQuery in trouble', () => {
  let server: BigQueryServer;
  let client: GoogleBigQuery;
  beforeEach(async () => {
    server = await startBigQueryServer();
    client = clientOf(server.port);
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  const clientOf = (port: number, options: Partial<GoogleBigQueryOptions> = {}) =>
    googleBigQuery({
      project: 'p',
      location: 'US',
      endpoint: `http://127.0.0.1:${port}`,
      random: () => 0,
      ...options,
    });
  const isInsert = ({ method, url }: { method: string; url: URL }) =>
    method === 'POST' && url.pathname.endsWith('/jobs');
  const isResults = ({ url }: { url: URL }) => url.pathname.includes('/queries/');
  const inserts = () => server.count('POST', /\/jobs$/);

  describe('a request that fails', () => {
    const requests: [reason: string, kind: string, sent: number][] = [
      ['backendError', 'transient', 3],
      ['internalError', 'transient', 3],
      ['badGateway', 'transient', 3],
      ['rateLimitExceeded', 'throttled', 3],
      ['jobBackendError', 'transient', 3],
      ['jobInternalError', 'transient', 3],
      ['jobRateLimitExceeded', 'throttled', 3],
      ['tableUnavailable', 'transient', 3],
      ['quotaExceeded', 'permanent', 1],
      ['resourcesExceeded', 'permanent', 1],
      ['stopped', 'cancelled', 1],
      ['accessDenied', 'permanent', 1],
      ['invalidQuery', 'permanent', 1],
      ['notFound', 'permanent', 1],
    ];
    it.each(requests)('with %s is %s, and is sent %d times', async (reason, kind, sent) => {
      server.fault({ match: isInsert, answer: failed({ reason }), times: 10 });
      await expect(client.query('SELECT 1 AS one')).rejects.toMatchObject({
        service: 'bigquery',
        code: reason,
        kind,
      });
      expect(inserts()).toBe(sent);
      expect(server.jobs.size).toBe(0);
      // What BigQuery says of the job, and not of the request, another request with the same id would not mend.
      const ids = new Set(server.requests.map(({ body }) => JSON.parse(String(body)).jobReference.jobId));
      expect(ids.size).toBe(/^job|^table/.test(reason) ? sent : 1);
    });

    it('is sent once where one attempt is all: the official client’s own retries are off', async () => {
      const once = clientOf(server.port, { attempts: 1 });
      server.fault({ match: isInsert, answer: { status: 503 }, times: 10 });
      await expect(once.query('SELECT 1 AS one')).rejects.toMatchObject({ kind: 'transient' });
      expect(inserts()).toBe(1);
      await once.close();
    });

    it.each([502, 504])('with a bare %d is sent again', async (status) => {
      server.fault({ match: isInsert, answer: { status }, times: 2 });
      expect(await client.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(inserts()).toBe(3);
      expect(server.jobs.size).toBe(1);
    });
  });

  describe('a job that fails', () => {
    const jobs: [reason: string, kind: string, made: number][] = [
      ['backendError', 'transient', 3],
      ['internalError', 'transient', 3],
      ['badGateway', 'transient', 3],
      ['rateLimitExceeded', 'throttled', 3],
      ['jobBackendError', 'transient', 3],
      ['jobInternalError', 'transient', 3],
      ['jobRateLimitExceeded', 'throttled', 3],
      ['tableUnavailable', 'transient', 3],
      ['accessDenied', 'permanent', 1],
      ['invalidQuery', 'permanent', 1],
      ['notFound', 'permanent', 1],
      ['resourcesExceeded', 'permanent', 1],
      ['stopped', 'cancelled', 1],
      ['quotaExceeded', 'permanent', 1],
    ];
    const first = async (rows: AsyncIterable<unknown>): Promise<unknown> => {
      for await (const row of rows) return row;
      return undefined;
    };
    const asks = () => server.count('GET', /./);

    describe.each(jobs)('with %s', (reason, kind, made) => {
      // A reason that may be the request's as well as the job's is looked up once for each job.
      const asksForEach = /^(backend|internal|badGateway|rateLimit)/.test(reason) ? 2 : 1;

      it.each([
        ['query', () => client.query('SELECT 1 AS one')],
        ['stream', () => first(client.stream('SELECT 1 AS one'))],
      ])(`is ${kind}, and is made ${made} times by a %s, each with an id of its own`, async (_name, call) => {
        server.failJobs({ reason }, 10);
        await expect(call()).rejects.toMatchObject({ code: reason, kind });
        expect(inserts()).toBe(made);
        expect(server.jobs.size).toBe(made);
        expect(asks()).toBe(made * asksForEach);
      });

      it(`is ${kind}, and is made ${made} times by an insert`, async () => {
        await client.query('CREATE OR REPLACE TABLE d.games (id STRING)');
        const [before, asked] = [inserts(), asks()];
        server.failJobs({ reason }, 10);
        await expect(client.insert('d.games', [{ id: 'a' }])).rejects.toMatchObject({ code: reason, kind });
        expect(inserts() - before).toBe(made);
        expect(server.jobs.size - before).toBe(made);
        // The table; of the jobs the answers to their insertions told the end.
        expect(asks() - asked).toBe(1);
      });
    });

    it('is done again as a new job, whose rows are streamed', async () => {
      server.failJobs({ reason: 'backendError' }, 2);
      expect(await first(client.stream('SELECT 1 AS one'))).toEqual({ one: 1 });
      expect(inserts()).toBe(3);
    });

    it('is not made again for a request for its result that failed', async () => {
      server.fault({ match: isResults, answer: failed({ reason: 'backendError' }), times: 2 });
      expect(await client.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(inserts()).toBe(1);
      expect(asks()).toBe(5);
    });

    it('is done again as a new job, and then gives its rows', async () => {
      server.failJobs({ reason: 'jobBackendError' }, 2);
      expect(await client.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(inserts()).toBe(3);
    });

    it.each([
      'Transaction is aborted due to concurrent update against table p:d.games_fence. Transaction ID: x',
      'Could not serialize access to table p:d.games due to concurrent update',
    ])('as another came first is done again: %s', async (message) => {
      await client.query('CREATE OR REPLACE TABLE d.counts (n INT64)');
      server.failJobs({ reason: 'invalidQuery', message });
      await client.query('INSERT INTO d.counts (n) VALUES (1)');
      expect(await client.query('SELECT COUNT(*) AS n FROM d.counts')).toEqual([{ n: 1 }]);
      expect(inserts()).toBe(4);
      server.failJobs({ reason: 'invalidQuery', message }, 10);
      await expect(client.query('DELETE FROM d.counts WHERE TRUE')).rejects.toMatchObject({
        code: 'concurrentUpdate',
        kind: 'transient',
      });
      expect(inserts()).toBe(7);
    });

    it('is done again in the time of its call, and not after it', async () => {
      const patient = clientOf(server.port, { attempts: 100, random: () => 0.999 });
      server.failJobs({ reason: 'invalidQuery', message: 'Could not serialize access to table x' }, 100);
      await expect(patient.query('SELECT 1 AS one', { timeout: '4s' })).rejects.toThrow(TimeoutError);
      const made = inserts();
      expect(made).toBeGreaterThan(1);
      expect(made).toBeLessThan(6);
      await patient.close();
      expect(inserts()).toBe(made);
    });
  });

  it('adopts the job that was made although its insertion answered 503, and runs it once', async () => {
    await client.query('CREATE OR REPLACE TABLE d.counts (n INT64)');
    server.fault({ match: isInsert, answer: { status: 503 }, after: true });
    await client.query('INSERT INTO d.counts (n) VALUES (1)');
    expect(inserts()).toBe(3);
    expect(server.jobs.size).toBe(2);
    expect(await client.query('SELECT COUNT(*) AS n FROM d.counts')).toEqual([{ n: 1 }]);
  });

  it.each(['cut', { status: 503 }] as const)('asks again for results whose answer is %o', async (answer) => {
    server.fault({ match: isResults, answer, after: true });
    expect(await client.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(inserts()).toBe(1);
  });

  it('loads rows once although the answer to the load was lost', async () => {
    await client.query('CREATE OR REPLACE TABLE d.games (id STRING)');
    server.fault({ match: ({ url }) => url.pathname.startsWith('/upload'), answer: 'cut', after: true });
    expect(await client.insert('d.games', [{ id: 'a' }])).toEqual({ rows: 1 });
    expect(await client.query('SELECT COUNT(*) AS n FROM d.games')).toEqual([{ n: 1 }]);
  });

  it('waits for jobs that take their time', async () => {
    await client.query('CREATE OR REPLACE TABLE d.games (id STRING)');
    server.slowJobs(2);
    expect(await client.insert('d.games', [{ id: 'a' }])).toEqual({ rows: 1 });
    server.slowJobs(3);
    expect(await client.query('SELECT id FROM d.games')).toEqual([{ id: 'a' }]);
  });

  it('cancels the job at the server when its caller gives up', async () => {
    const caller = new AbortController();
    server.slowJobs(1_000_000);
    const query = client.query('SELECT 1 AS one', { signal: caller.signal });
    await expect.poll(() => server.jobs.size).toBe(1);
    const reason = new Error('the run is over');
    caller.abort(reason);
    await expect(query).rejects.toBe(reason);
    await client.close();
    expect([...server.jobs.values()].map(({ cancelled }) => cancelled)).toEqual([true]);
  });

  it('cancels a job also where its cancel comes before its insertion', async () => {
    const caller = new AbortController();
    let make = () => {};
    server.holdJobs(
      new Promise<void>((resolve) => {
        make = resolve;
      }),
    );
    const reason = new Error('the run is over');
    const query = client.query('SELECT 1 AS one', { signal: caller.signal });
    await expect.poll(inserts).toBe(1);
    caller.abort(reason);
    await expect(query).rejects.toBe(reason);
    const cancels = () => server.count('POST', /\/cancel$/);
    await expect.poll(cancels).toBe(1);
    expect(server.jobs.size).toBe(0);
    make();
    await client.close();
    expect([...server.jobs.values()].map(({ cancelled }) => cancelled)).toEqual([true]);
    expect(cancels()).toBe(2);
  });

  it('gives up a cancel that finds no job', async () => {
    const caller = new AbortController();
    server.fault({ match: isInsert, answer: 'hang' });
    const query = client.query('SELECT 1 AS one', { signal: caller.signal });
    await expect.poll(inserts).toBe(1);
    caller.abort(new Error('over'));
    await expect(query).rejects.toThrow('over');
    await client.close();
    expect(server.jobs.size).toBe(0);
    expect(server.count('POST', /\/cancel$/)).toBe(3);
  });

  it('is bounded while nothing is answered, and leaves no connection behind', async () => {
    const proxy = await TcpProxy.before(server.port);
    const held = clientOf(proxy.port);
    await held.query('SELECT 1 AS one');
    await proxy.set('hold');
    await expect(held.query('SELECT 1 AS one', { timeout: 200 })).rejects.toThrow(TimeoutError);
    await proxy.set('pass');
    expect(await held.query('SELECT 2 AS two')).toEqual([{ two: 2 }]);
    await held.close();
    await proxy.close();
  });

  it('is transient while the server is away', async () => {
    const proxy = await TcpProxy.before(server.port);
    await proxy.set('refuse');
    const refused = clientOf(proxy.port);
    await expect(refused.query('SELECT 1 AS one')).rejects.toMatchObject({
      kind: 'transient',
      code: 'ECONNREFUSED',
    });
    expect(refused.statistics()).toMatchObject({ calls: 1, failures: 1, requests: 3 });
    await refused.close();
    await proxy.close();
  });

  it('tells BigQuery the limits and the labels of a query, its own or the client’s', async () => {
    const limited = clientOf(server.port, { maximumBytesBilled: 1_000, timeout: '30s' });
    await limited.query('SELECT 1 AS one');
    const options = { maximumBytesBilled: 50, labels: { team: 'bos' }, timeout: '1500ms' } as const;
    await limited.query('SELECT 1 AS one', options);
    expect([...server.jobs.values()].map(({ configuration }) => configuration)).toMatchObject([
      { query: { maximumBytesBilled: '1000', useLegacySql: false }, jobTimeoutMs: '30000' },
      { query: { maximumBytesBilled: '50' }, jobTimeoutMs: '1500', labels: { team: 'bos' } },
    ]);
    for (const wrong of [{ maximumBytesBilled: 0 }, { labels: { Team: 'bos' } }])
      await expect(limited.query('SELECT 1 AS one', wrong)).rejects.toThrow(ConfigurationError);
    await limited.close();
  });

  describe('of a write with a time of its own', () => {
    const day = { column: 'day', value: '2026-01-15' };
    const row = { id: 'a', day: day.value };
    const many = Array.from({ length: 50_001 }, (_, index) => ({ ...row, id: String(index) }));
    const own = { timeout: '10m', labels: { team: 'bos' } } as const;
    const fence = { key: 'games', token: 1 };
    const deadLetters = { storage: new FakeStorage({ clock: new VirtualClock() }), prefix: 'letters' };
    const writes: [name: string, jobs: string[], write: () => Promise<unknown>][] = [
      ['an insert', ['load'], () => client.insert('d.games', [row], own)],
      ['one by an id', ['load'], () => client.insert('d.games', [row], { ...own, insertId: 'x' })],
      ['one with dead letters', ['load'], () => client.insert('d.games', [row], { ...own, deadLetters })],
      ['a large insert', ['load', 'load', 'copy'], () => client.insert('d.games', many, own)],
      ['a load', ['load'], () => client.load('d.games', '{"id":"a"}', own)],
      ['an empty load', ['load'], () => client.load('d.games', '', { ...own, mode: 'truncate' })],
      [
        'a partition',
        ['load', 'query'],
        () => client.replacePartition('d.games', day, [row], { ...own, fence }),
      ],
      ['an empty partition', ['query'], () => client.replacePartition('d.games', day, [], { ...own, fence })],
      [
        'a merge',
        ['load', 'query'],
        () => client.merge('d.games', [row], { ...own, key: ['id'], scope: day }),
      ],
    ];

    it.each(writes)('%s, every job bears it, and the labels', async (_name, kinds, write) => {
      await client.query('CREATE OR REPLACE TABLE d.games (id STRING, day DATE)');
      const before = server.jobs.size;
      await write();
      const made = [...server.jobs.values()].slice(before).map(({ configuration }) => configuration);
      expect(made.map((configuration) => Object.keys(configuration)[0])).toEqual(kinds);
      for (const { jobTimeoutMs, labels } of made) {
        expect(labels).toEqual({ team: 'bos' });
        // What comes after the dead letters has what is left of the time.
        expect(Number(jobTimeoutMs)).toBeGreaterThan(_name === 'one with dead letters' ? 500_000 : 599_999);
        expect(Number(jobTimeoutMs)).toBeLessThanOrEqual(600_000);
      }
    });

    it('labels that are none are refused before anything is sent', async () => {
      const wrong = client.insert('d.games', [row], { labels: { Team: 'bos' } });
      await expect(wrong).rejects.toThrow(ConfigurationError);
      expect(server.requests).toHaveLength(0);
    });
  });

  it('keeps its connections from one call to the next', async () => {
    for (let call = 0; call < 20; call++) await client.query('SELECT 1 AS one');
    expect(server.requests).toHaveLength(40);
    // A call that comes while the connection is just being tidied up takes a second one.
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it('is not blamed for a source that fails', async () => {
    await client.query('CREATE OR REPLACE TABLE d.games (id STRING)');
    const broken = new Error('the disk is gone');
    const source = async function* () {
      yield '{"id":"a"}\n';
      throw broken;
    };
    for (let load = 0; load < 6; load++) await expect(client.load('d.games', source())).rejects.toBe(broken);
    expect(client.statistics()).toMatchObject({ failures: 6, circuit: 'closed' });
  });

  it('bounds the work at once, and lets the rest wait', async () => {
    const few = googleBigQuery({
      project: 'p',
      location: 'US',
      endpoint: `http://127.0.0.1:${server.port}`,
      concurrency: 2,
    });
    server.slowJobs(1_000_000);
    const all = Promise.all(Array.from({ length: 6 }, () => few.query('SELECT 1 AS one')));
    await expect.poll(() => server.jobs.size).toBe(2);
    const polls = () => server.count('GET', /\/queries\//);
    await expect.poll(polls).toBeGreaterThan(20);
    expect(server.jobs.size).toBe(2);
    server.slowJobs(0);
    expect(await all).toHaveLength(6);
    await few.close();
  });

  describe('whose circuit', () => {
    const five = (call: () => Promise<unknown>) =>
      Promise.all(Array.from({ length: 5 }, () => call().catch((error: unknown) => error)));
    const one = () => client.query('SELECT 1 AS one', { timeout: 300 });

    it('stays closed while calls wait in vain for a place of ours, which is none of its doing', async () => {
      const few = clientOf(server.port, { concurrency: 1 });
      server.slowJobs(1_000_000);
      const caller = new AbortController();
      const long = few.query('SELECT 1 AS one', { signal: caller.signal });
      await expect.poll(() => server.jobs.size).toBe(1);
      for (const error of await five(() => few.query('SELECT 1 AS one', { timeout: 100 })))
        expect(error).toBeInstanceOf(BulkheadFullError);
      expect(server.jobs.size).toBe(1);
      expect(few.statistics().circuit).toBe('closed');
      caller.abort(new Error('over'));
      await expect(long).rejects.toThrow('over');
      server.slowJobs(0);
      expect(await few.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await few.close();
    });

    it('stays closed while writers of one table come between each other', async () => {
      const message = 'Could not serialize access to table p:d.games due to concurrent update';
      server.failJobs({ reason: 'invalidQuery', message }, 15);
      for (const error of await five(() => client.query('DELETE FROM d.games WHERE TRUE')))
        expect(error).toMatchObject({ code: 'concurrentUpdate' });
      expect(client.statistics().circuit).toBe('closed');
    });

    it('stays closed while queries run longer than their callers wait', async () => {
      server.slowJobs(1_000_000);
      for (const error of await five(one)) expect(error).toBeInstanceOf(TimeoutError);
      expect(server.jobs.size).toBe(5);
      expect(client.statistics()).toMatchObject({ failures: 5, circuit: 'closed' });
      server.slowJobs(0);
    });

    it('opens where jobs can’t be made in time', async () => {
      server.fault({ match: isInsert, answer: 'hang', times: 5 });
      for (const error of await five(one)) expect(error).toBeInstanceOf(TimeoutError);
      expect(client.statistics().circuit).toBe('open');
    });

    it('opens where nothing more is heard of jobs', async () => {
      const clock = new VirtualClock();
      const deaf = clientOf(server.port, { clock });
      server.fault({ match: isResults, answer: 'hang', times: 5 });
      const asked = five(() => deaf.query('SELECT 1 AS one', { timeout: '30s' }));
      await expect.poll(() => server.count('GET', /queries/)).toBe(5);
      await clock.advance('30s');
      for (const error of await asked) expect(error).toBeInstanceOf(TimeoutError);
      expect(deaf.statistics().circuit).toBe('open');
      await deaf.close();
    });
  });

  it('counts the pages of streams among the work at once', async () => {
    const few = clientOf(server.port, { concurrency: 1 });
    const sql = 'SELECT n FROM UNNEST(GENERATE_ARRAY(1, 10001)) AS n';
    const rows = few.stream(sql, { timeout: 300 });
    for (let row = 0; row < 10_000; row++) await rows.next();
    const pages = server.count('GET', /queries/);
    server.slowJobs(1_000_000);
    const caller = new AbortController();
    const other = few.query('SELECT 1 AS one', { signal: caller.signal });
    await expect.poll(() => server.jobs.size).toBe(2);
    await expect(rows.next()).rejects.toThrow(BulkheadFullError);
    expect(server.requests.filter(({ url }) => url.searchParams.has('pageToken'))).toHaveLength(0);
    expect(pages).toBe(1);
    caller.abort(new Error('over'));
    await expect(other).rejects.toThrow('over');
    server.slowJobs(0);
    await few.close();
  });

  it('loads what is more than one request takes by way of a staging table, all at once', async () => {
    await client.query('CREATE OR REPLACE TABLE d.games (id STRING)');
    const lines = Array.from(
      { length: 20_000 },
      (_, index) => `${JSON.stringify({ id: String(index).padEnd(1_000, '.') })}\n`,
    );
    const source = (async function* () {
      yield* lines;
    })();
    expect(await client.load('d.games', source)).toEqual({ rows: 20_000 });
    expect(await client.query('SELECT COUNT(*) AS n FROM d.games')).toEqual([{ n: 20_000 }]);
    const kinds = [...server.jobs.values()].map(({ configuration }) => Object.keys(configuration)[0]);
    expect(kinds.filter((kind) => kind === 'load')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'copy')).toHaveLength(1);
    expect(server.count('DELETE', /_staging_/)).toBe(1);
  });

  it('reads no page of a stream before it is wanted, and cancels one that is not read to its end', async () => {
    for await (const row of client.stream('SELECT n FROM UNNEST(GENERATE_ARRAY(1, 50000)) AS n')) {
      expect(row).toEqual({ n: 1 });
      break;
    }
    // Nothing is read ahead of who reads.
    expect(server.count('GET', /\/queries\//)).toBe(1);
    await client.close();
    expect(server.count('POST', /\/cancel$/)).toBe(1);
  });
});
