import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyPushToken } from '../../src/google/index.ts';
import { rejectedMessages } from '../../src/store/index.ts';
import type { TestContext } from '../../src/testing/index.ts';
import { type PushServer, pushHandler, servePush } from '../../src/trigger/index.ts';
import { deeds, keys, madeUpContext, Offense, options, workOf } from './made-up.ts';

const audience = 'https://processors.example.com/push';
const email = 'pubsub-push@project.iam.gserviceaccount.com';

// Sockets and signatures are real.
describe('a push handler over HTTP, whose tokens are verified', () => {
  let pair: Awaited<ReturnType<typeof generateKeyPair>>;
  let context: TestContext;
  let server: PushServer;
  let extracted: number;
  let verified: number;

  beforeAll(async () => {
    pair = await generateKeyPair('RS256');
  });
  beforeEach(async () => {
    context = madeUpContext();
    extracted = 0;
    verified = 0;
    deeds.offense.extract = () => {
      extracted++;
    };
    const keys = async () => ({ mine: await exportSPKI(pair.publicKey) });
    const check = verifyPushToken({ audience, email, keys });
    const handler = pushHandler([Offense], context, {
      ackDeadline: '600s',
      verify: async (token) => {
        await check(token);
        verified++;
      },
    });
    server = await servePush(handler, { port: 0, host: '127.0.0.1', signals: [] });
  });
  afterEach(() => server.close());

  const sign = (
    change: { claims?: object; audience?: string; issuer?: string; expires?: string } = {},
    key = pair.privateKey,
  ) =>
    new SignJWT({ email, email_verified: true, ...change.claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'mine' })
      .setIssuer(change.issuer ?? 'https://accounts.google.com')
      .setAudience(change.audience ?? audience)
      .setIssuedAt()
      .setExpirationTime(change.expires ?? '1h')
      .setSubject('1')
      .sign(key);
  const bodyOf = (messageId = 'm1') =>
    JSON.stringify({
      subscription: 'projects/p/subscriptions/s',
      message: {
        messageId,
        data: Buffer.from(JSON.stringify({ processor: 'OffenseProcessor', options })).toString('base64'),
      },
    });
  const ask = (headers: Record<string, string>): ClientRequest =>
    request({ host: '127.0.0.1', port: server.port, path: '/push', method: 'POST', headers });
  const answerTo = async (asked: ClientRequest): Promise<IncomingMessage> => {
    const [response] = await once(asked, 'response');
    return response.resume();
  };
  const send = async (body: string, token?: string) => {
    const asked = ask(token === undefined ? {} : { authorization: `Bearer ${token}` });
    const answer = answerTo(asked);
    asked.end(body);
    return (await answer).statusCode;
  };
  const rejected = async () =>
    (await context.store.collection(rejectedMessages).list({ limit: 100 })).entries.map(
      (entry) => entry.readable && entry.value.reason,
    );

  it('does what a message asks whose token is good, and once when it is replayed', async () => {
    const token = await sign();
    expect(await send(bodyOf(), token)).toBe(204);
    expect(await workOf(context, keys.offense)).toMatchObject({ lease: null, done: { rows: 1 } });
    expect(await send(bodyOf(), token)).toBe(204);
    expect(extracted).toBe(1);
  });

  it.each([
    ['none', undefined, 401],
    ['one for another audience', { audience: 'https://elsewhere.example.com' }, 403],
    ['one of another issuer', { issuer: 'https://accounts.example.com' }, 403],
    ['one that has expired', { expires: '-1h' }, 403],
    ['one of another account', { claims: { email: 'someone@example.com' } }, 403],
    ['one of an account whose address is not verified', { claims: { email_verified: false } }, 403],
  ])('refuses a request whose token is %s, and records nothing of it', async (_, change, status) => {
    expect(await send(bodyOf(), change && (await sign(change)))).toBe(status);
    expect(context.store.calls).toEqual([]);
  });

  it('refuses one that somebody else signed', async () => {
    const other = await generateKeyPair('RS256');
    expect(await send(bodyOf(), await sign({}, other.privateKey))).toBe(403);
  });

  it('answers a body that does not end and says nothing of its length, once it has read enough', async () => {
    const asked = ask({ authorization: `Bearer ${await sign()}`, 'transfer-encoding': 'chunked' });
    const answer = answerTo(asked);
    const chunk = Buffer.alloc(64 * 1024, ' ');
    let written = 0;
    let isAnswered = false;
    void answer.then(() => {
      isAnswered = true;
    });
    asked.on('error', () => {});
    while (!isAnswered && written < 64 * 1024 * 1024) {
      written += chunk.length;
      if (!asked.write(chunk)) await Promise.race([once(asked, 'drain'), answer]);
    }
    expect((await answer).statusCode).toBe(204);
    asked.destroy();
    expect(written).toBeLessThan(16 * 1024 * 1024);
    expect(await rejected()).toEqual(['it is longer than 262144 bytes']);
  });

  it('knows a long body by what it says it is, and takes it', async () => {
    expect(await send(' '.repeat(300_000), await sign())).toBe(204);
    expect(await rejected()).toEqual(['it is longer than 262144 bytes']);
  });

  it('records nothing of a request that breaks off, and serves the next', async () => {
    const asked = ask({ authorization: `Bearer ${await sign()}`, 'content-length': '1000' });
    const broken = once(asked, 'error');
    asked.write('{"message":');
    await expect.poll(() => verified).toBe(1);
    asked.destroy(new Error('the client is gone'));
    await broken;
    expect(await send(bodyOf(), await sign())).toBe(204);
    expect(await rejected()).toEqual([]);
  });
});
