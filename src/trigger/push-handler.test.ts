import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { InvalidDataError, ServiceError } from '../errors/index.ts';
import { RunCancelledError, type RunResult } from '../processor/index.ts';
import { type RejectedMessage, rejectedMessages, runRecords } from '../store/index.ts';
import type { TestContext } from '../testing/index.ts';
import { sleep } from '../time/index.ts';
import { deeds, keys, madeUpContext, Offense, options, Summary, workOf } from '../../test/trigger/made-up.ts';
import { createDispatcher } from './dispatcher.ts';
import { type PushHandler, pushHandler } from './push-handler.ts';

const transient = () => new ServiceError('away', { service: 'x', kind: 'transient' });

describe('push handler', () => {
  let context: TestContext;
  let handler: PushHandler;
  let heard: RunResult[];
  let messages: number;

  beforeEach(() => {
    context = madeUpContext();
    heard = [];
    messages = 0;
    handler = pushHandler([Offense, Summary], context, {
      ackDeadline: '600s',
      verify: async (token) => {
        if (token !== 'good') throw new Error('no token of ours');
      },
      on: (result) => heard.push(result),
    });
  });

  const run = { processor: 'OffenseProcessor', options };
  const bodyOf = (data: unknown, message: object = {}) =>
    JSON.stringify({
      subscription: 'projects/p/subscriptions/s',
      deliveryAttempt: 1,
      message: {
        data: Buffer.from(JSON.stringify(data)).toString('base64'),
        messageId: `m${messages++}`,
        publishTime: '2026-01-16T05:59:00Z',
        ...message,
      },
    });
  const requestOf = (body: string, headers: Record<string, string> = { authorization: 'Bearer good' }) =>
    new Request('http://localhost/push', { method: 'POST', headers, body });
  const send = async (body: string, headers?: Record<string, string>, signal?: AbortSignal) =>
    (await context.clock.runUntil(handler(requestOf(body, headers), { signal }))).status;
  const rejected = async (): Promise<RejectedMessage[]> => {
    const { entries } = await context.store.collection(rejectedMessages).list({ limit: 100 });
    return entries.flatMap((entry) => (entry.readable ? [entry.value] : []));
  };

  describe('takes a message', () => {
    it('whose run is done', async () => {
      expect(await send(bodyOf(run))).toBe(204);
      expect(heard).toMatchObject([{ status: 'succeeded' }]);
      const { entry } = await context.store.collection(runRecords).get(heard[0]?.runId ?? '');
      expect(entry).toMatchObject({ readable: true, value: { trigger: 'push', status: 'succeeded' } });
    });

    it('whose work is done already', async () => {
      await send(bodyOf(run));
      expect(await send(bodyOf(run))).toBe(204);
      expect(heard.at(-1)).toMatchObject({ status: 'skipped', reason: 'already_done' });
    });

    it('for a day without games', async () => {
      context.upstream.noGames();
      expect(await send(bodyOf(run))).toBe(204);
    });

    it.each([
      ['is not ready', () => context.upstream.notReady(['6 of 8 games final']), 'upstream_not_ready'],
      ['can not be asked', () => context.upstream.unknown(), 'upstream_unknown'],
    ])('whose upstream %s: it is parked', async (_, given, reason) => {
      given();
      expect(await send(bodyOf(run))).toBe(204);
      expect(await workOf(context, keys.offense)).toMatchObject({ parked: { reason } });
    });

    it.each([
      ['transient', transient()],
      ['throttled', new ServiceError('slow down', { service: 'x', kind: 'throttled', retryAfter: 5_000 })],
      ['timeout', new ServiceError('slow', { service: 'x', kind: 'timeout' })],
      ['unknown', new Error('something odd')],
    ])('whose run failed in a way that may pass (%s): it is parked', async (_, error) => {
      deeds.offense.extract = () => {
        throw error;
      };
      expect(await send(bodyOf(run))).toBe(204);
      expect(await workOf(context, keys.offense)).toMatchObject({
        parked: { reason: 'extract_failed', attempts: 1 },
      });
    });

    it('whose circuit is open: it is parked, and no message waits for hours', async () => {
      deeds.offense.extract = () => {
        throw transient();
      };
      for (let failure = 0; failure < 5; failure++) await send(bodyOf({ ...run, force: true }));
      expect(await send(bodyOf({ ...run, force: true }))).toBe(204);
      expect(heard.at(-1)).toMatchObject({ reason: 'circuit_open' });
      expect(await workOf(context, keys.offense)).toMatchObject({ parked: { wake: 'circuit' } });
    });

    it('whose run failed for good: it is recorded', async () => {
      deeds.offense.extract = () => {
        throw new InvalidDataError('a column is gone');
      };
      expect(await send(bodyOf(run))).toBe(204);
      expect(await workOf(context, keys.offense)).toMatchObject({ gaveUp: { reason: 'extract_failed' } });
    });

    it('of a paused processor: it is parked', async () => {
      const { createOperations } = await import('./operations.ts');
      await createOperations(context).pause('OffenseProcessor', 'a bad release');
      expect(await send(bodyOf(run))).toBe(204);
      expect(await workOf(context, keys.offense)).toMatchObject({ parked: { reason: 'disabled' } });
    });

    it('that tells of a table’s new rows: what waits for it is started', async () => {
      context.upstream.notReady(['nothing']);
      await send(bodyOf(run));
      context.upstream.ready();
      const update = { command: 'table_updated', table: 'nba_raw.boxscore', dates: [options.startDate] };
      expect(await send(bodyOf(update))).toBe(204);
      expect(heard.at(-1)).toMatchObject({ status: 'succeeded' });
    });

    it('that asks for a sweep', async () => {
      context.upstream.notReady(['nothing']);
      await send(bodyOf(run));
      context.upstream.ready();
      await context.clock.advance('1m');
      expect(await send(bodyOf({ command: 'sweep' }))).toBe(204);
      expect(heard.at(-1)).toMatchObject({ status: 'succeeded' });
    });
  });

  describe('records and takes what can never be worked on', () => {
    it.each([
      ['a request that is no JSON', 'not json', /the request is no JSON/],
      ['a request that is not Pub/Sub’s', '{"hello":1}', /the request does not fit/],
      ['a message that is no JSON', bodyOfRaw('no json'), /the message is no JSON/],
      ['an unknown command', bodyOfRaw('{"command":"delete"}'), /the message does not fit/],
      ['a field nobody knows', bodyOfRaw('{"processor":"P","options":{},"x":1}'), /does not fit/],
      [
        'an unknown processor',
        bodyOfRaw('{"processor":"Nobody","options":{}}'),
        /must be one of OffenseProcessor, SummaryProcessor/,
      ],
      [
        'a date that does not exist',
        bodyOfRaw(
          '{"processor":"OffenseProcessor","options":{"startDate":"2026-02-30","endDate":"2026-02-30"}}',
        ),
        /options\.startDate/,
      ],
    ])('%s', async (_, body, reason) => {
      expect(await send(body)).toBe(204);
      const [record, ...others] = await rejected();
      expect(record?.reason).toMatch(reason);
      expect(others).toEqual([]);
      expect(await send(body)).toBe(204);
      expect(await rejected()).toHaveLength(1);
    });

    it('a body that is too long, of which no more is read than the limit', async () => {
      let pulled = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled += 65_536;
          controller.enqueue(new Uint8Array(65_536).fill(32));
        },
      });
      const request = new Request('http://localhost/push', {
        method: 'POST',
        headers: { authorization: 'Bearer good' },
        body,
        duplex: 'half',
      });
      expect((await handler(request)).status).toBe(204);
      expect(pulled).toBeLessThan(1_000_000);
      expect(await rejected()).toMatchObject([{ reason: 'it is longer than 262144 bytes' }]);
    });

    it('with where it came from and how often it has come', async () => {
      await send(bodyOf({ command: 'delete' }, { messageId: 'bad' }));
      expect(await rejected()).toMatchObject([
        {
          messageId: 'bad',
          subscription: 'projects/p/subscriptions/s',
          attempt: 1,
          publishedAt: '2026-01-16T05:59:00Z',
        },
      ]);
    });

    it('but not while that can not be recorded', async () => {
      context.store.fail();
      expect(await send('not json')).toBe(503);
    });
  });

  describe('refuses', () => {
    it.each([
      ['no token', {}, 401],
      ['a scheme that is not Bearer', { authorization: 'Basic good' }, 401],
      ['a token that is not Pub/Sub’s', { authorization: 'Bearer bad' }, 403],
    ])('a request with %s, and records nothing of it', async (_, headers, status) => {
      expect(await send(bodyOf(run), headers as unknown as Record<string, string>)).toBe(status);
      expect(context.store.calls).toEqual([]);
    });

    it('a request when nobody can tell whether its token is good', async () => {
      const unsure = pushHandler([Offense], context, {
        ackDeadline: 600_000,
        verify: () => Promise.reject(transient()),
      });
      const response = await unsure(requestOf(bodyOf(run)));
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('30');
    });

    it('a token that takes for ever to be verified', async () => {
      const slow = pushHandler([Offense], context, {
        ackDeadline: 600_000,
        verify: () => new Promise(() => {}),
      });
      expect((await context.clock.runUntil(slow(requestOf(bodyOf(run))))).status).toBe(503);
    });

    it('what is no POST', async () => {
      expect((await handler(new Request('http://localhost/push'))).status).toBe(405);
    });

    it('a message whose run can not be claimed or recorded: it comes again', async () => {
      context.store.fail();
      expect(await send(bodyOf(run))).toBe(503);
      context.store.recover();
      deeds.offense.extract = () => context.store.fail();
      expect(await send(bodyOf(run))).toBe(503);
    });

    it('a range of which one date could not be claimed; delivered again it is done, and no date twice', async () => {
      const extracted: string[] = [];
      deeds.offense.extract = ({ date }) => {
        extracted.push(date);
      };
      const range = { startDate: '2026-01-14', endDate: '2026-01-15' };
      const body = bodyOf({ ...run, options: range });
      const collection = context.store.collection.bind(context.store);
      const away = vi.spyOn(context.store, 'collection').mockImplementation((definition) => {
        const records = collection(definition);
        return {
          ...records,
          get: (key, call) =>
            key.endsWith('2026-01-15') && definition.name === 'work'
              ? Promise.reject(transient())
              : records.get(key, call),
        };
      });
      expect(await send(body)).toBe(503);
      away.mockRestore();
      expect(await send(body)).toBe(204);
      expect(extracted).toEqual(['2026-01-14', '2026-01-15']);
    });

    it('a message whose body breaks off, of which nothing is known', async () => {
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.error(new Error('the connection was reset')),
      });
      const request = new Request('http://localhost/push', {
        method: 'POST',
        headers: { authorization: 'Bearer good' },
        body,
        duplex: 'half',
      });
      const response = await handler(request);
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
      expect(await rejected()).toEqual([]);
    });

    it('a sweep that could not look', async () => {
      context.store.fail();
      expect(await send(bodyOf({ command: 'sweep' }))).toBe(503);
    });
  });

  describe('a message that is delivered again', () => {
    it('while its run is at work starts no second one, and none after it', async () => {
      let extracted = 0;
      deeds.offense.extract = async () => {
        extracted++;
        await sleep(context.clock, 20_000);
      };
      const body = bodyOf(run);
      const first = handler(requestOf(body));
      await context.clock.advance('10s');
      expect((await handler(requestOf(body))).status).toBe(204);
      expect((await context.clock.runUntil(first)).status).toBe(204);
      expect(await workOf(context, keys.offense)).toMatchObject({ parked: null });
      expect(extracted).toBe(1);
    });

    it('after its run asks nothing and starts nothing, even when it is to be forced', async () => {
      const body = bodyOf({ ...run, force: true });
      await send(body);
      const asked = context.upstream.asked.length;
      for (let delivery = 0; delivery < 20; delivery++) expect(await send(body)).toBe(204);
      expect(context.upstream.asked).toHaveLength(asked);
      expect(heard.filter(({ status }) => status === 'succeeded')).toHaveLength(1);
    });

    it('after its run died with its process is left to the sweep', async () => {
      deeds.offense.extract = () => new Promise(() => {});
      const body = bodyOf(run);
      void handler(requestOf(body));
      await context.clock.advance('1s');
      expect((await handler(requestOf(body))).status).toBe(204);
      expect(await workOf(context, keys.offense)).toMatchObject({ lease: { again: false } });
    });
  });

  it('gives another trigger during a run’s load one more run', async () => {
    let extracted = 0;
    deeds.offense.extract = async () => {
      extracted++;
      context.upstream.tableUpdated('nba_raw.boxscore', []);
      await sleep(context.clock, 20_000);
    };
    const first = handler(requestOf(bodyOf(run)));
    await context.clock.advance('10s');
    expect((await handler(requestOf(bodyOf(run)))).status).toBe(204);
    expect((await handler(requestOf(bodyOf(run)))).status).toBe(204);
    await context.clock.runUntil(first);
    await context.clock.runUntil(createDispatcher({ processors: [Offense], context }).sweep());
    expect(extracted).toBe(2);
  });

  it('ends a run in time for the ack deadline', async () => {
    handler = pushHandler([Offense], context, {
      ackDeadline: '60s',
      verify: async () => {},
      on: (result) => heard.push(result),
    });
    deeds.offense.extract = () => new Promise(() => {});
    const start = context.clock.now();
    expect(await send(bodyOf(run))).toBe(204);
    expect(context.clock.now() - start).toBeLessThan(60_000);
    expect(heard).toMatchObject([{ status: 'timed_out' }]);
    expect(await workOf(context, keys.offense)).toMatchObject({ parked: { reason: 'deadline' } });
  });

  describe('with a short ack deadline', () => {
    beforeEach(async () => {
      context.upstream.notReady(['nothing']);
      await send(bodyOf(run));
      handler = pushHandler([Offense], context, {
        ackDeadline: '60s',
        verify: async () => {},
        on: (result) => heard.push(result),
      });
    });
    const update = { command: 'table_updated', table: 'nba_raw.boxscore', dates: [options.startDate] };

    it.each([
      ['a sweep', { command: 'sweep' }],
      ['an update', update],
    ])('ends in time what %s starts', async (_, command) => {
      context.upstream.ready();
      await context.clock.advance('1m');
      deeds.offense.extract = () => new Promise(() => {});
      const start = context.clock.now();
      expect(await send(bodyOf(command))).toBe(204);
      expect(context.clock.now() - start).toBeLessThan(60_000);
      expect(heard.at(-1)).toMatchObject({ status: 'timed_out' });
    });

    it('leaves a look that is not allowed before it to the sweep', async () => {
      await send(bodyOf(update));
      context.upstream.ready();
      const start = context.clock.now();
      expect(await send(bodyOf(update))).toBe(204);
      expect(context.clock.now() - start).toBeLessThan(20_000);
      await context.clock.advance('1m');
      expect(await send(bodyOf({ command: 'sweep' }))).toBe(204);
      expect(heard.at(-1)).toMatchObject({ status: 'succeeded' });
    });
  });

  it('parks a run that a shutdown stops, and takes its message', async () => {
    const controller = new AbortController();
    deeds.offense.extract = (current) =>
      new Promise((_, reject) => {
        current.signal.addEventListener('abort', () => reject(current.signal.reason as Error));
      });
    const answer = handler(requestOf(bodyOf(run)), { signal: controller.signal });
    await context.clock.advance('5s');
    controller.abort(new RunCancelledError('shutdown', 'SIGTERM'));
    expect((await context.clock.runUntil(answer)).status).toBe(204);
    expect(await workOf(context, keys.offense)).toMatchObject({
      parked: { reason: 'shutdown' },
      lease: null,
    });
  });

  it('parks a run that an abort of any other reason stops: no caller answers for it', async () => {
    const controller = new AbortController();
    deeds.offense.extract = (current) =>
      new Promise((_, reject) => {
        current.signal.addEventListener('abort', () => reject(current.signal.reason as Error));
      });
    const answer = handler(requestOf(bodyOf(run)), { signal: controller.signal });
    await context.clock.advance('5s');
    controller.abort();
    expect((await context.clock.runUntil(answer)).status).toBe(204);
    expect(await workOf(context, keys.offense)).toMatchObject({ parked: { reason: 'shutdown' } });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('does not take a message that a shutdown keeps from being started', async () => {
    const signal = AbortSignal.abort(new RunCancelledError('shutdown', 'SIGTERM'));
    expect(await send(bodyOf(run), undefined, signal)).toBe(503);
  });

  it('tells of a message’s attempt and age', async () => {
    await send(bodyOf(run));
    expect(context.logger.lines.find(({ message }) => message.startsWith('message m'))).toMatchObject({
      fields: { attempt: 1, age: 60_000 },
    });
  });

  it('takes no ack deadline that is longer than a request may take', () => {
    const config = { ...context.config, push: { ackDeadline: undefined, requestTimeout: 300_000 } };
    const handlerOf = (ackDeadline: string) =>
      pushHandler([Offense], { ...context, config }, { ackDeadline, verify: async () => {} });
    expect(() => handlerOf('301s')).toThrow('config.push.requestTimeout, 300000 ms');
    expect(handlerOf('300s')).toBeTypeOf('function');
  });

  it.each(['5s', '11m', '40s'])('takes no ack deadline of %s', (ackDeadline) => {
    expect(() => pushHandler([Offense], context, { ackDeadline, verify: async () => {} })).toThrow(
      'pushHandler.ackDeadline',
    );
  });
});

function bodyOfRaw(text: string): string {
  return JSON.stringify({ message: { data: Buffer.from(text).toString('base64'), messageId: 'same' } });
}
