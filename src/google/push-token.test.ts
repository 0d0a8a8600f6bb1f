import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyPushToken } from './push-token.ts';

const audience = 'https://processors.example.com/push';
const email = 'pubsub-push@project.iam.gserviceaccount.com';

describe('the token of a push request', () => {
  let pair: Awaited<ReturnType<typeof generateKeyPair>>;
  let keys: Record<string, string>;

  beforeAll(async () => {
    pair = await generateKeyPair('RS256', { extractable: true });
    keys = { mine: await exportSPKI(pair.publicKey) };
  });
  const sign = (
    change: { claims?: object; audience?: string; issuer?: string; expires?: string; kid?: string } = {},
    key = pair.privateKey,
  ) =>
    new SignJWT({ email, email_verified: true, ...change.claims })
      .setProtectedHeader({ alg: 'RS256', kid: change.kid ?? 'mine' })
      .setIssuer(change.issuer ?? 'https://accounts.google.com')
      .setAudience(change.audience ?? audience)
      .setIssuedAt()
      .setExpirationTime(change.expires ?? '1h')
      .setSubject('1')
      .sign(key);
  const verify = (token: string) => verifyPushToken({ audience, email, keys: async () => keys })(token);

  it('is taken when Google signed it for this service and the subscription’s account', async () => {
    await expect(verify(await sign())).resolves.toBeUndefined();
  });

  it.each([
    ['for another audience', { audience: 'https://elsewhere.example.com' }],
    ['by another issuer', { issuer: 'https://accounts.example.com' }],
    ['that has expired', { expires: '-1h' }],
    ['of another account', { claims: { email: 'someone@example.com' } }],
    ['of an account whose address is not verified', { claims: { email_verified: false } }],
    ['of a key that Google does not have', { kid: 'other' }],
  ])('is refused when it is one %s', async (_, change) => {
    await expect(verify(await sign(change))).rejects.toMatchObject({
      name: 'PushTokenError',
      kind: 'permanent',
    });
  });

  it('is refused when somebody else signed it', async () => {
    const other = await generateKeyPair('RS256');
    await expect(verify(await sign({}, other.privateKey))).rejects.toThrow('not valid');
  });

  it.each(['', 'no token', 'a.b.c'])('is refused when it is %j', async (token) => {
    await expect(verify(token)).rejects.toMatchObject({ name: 'PushTokenError' });
  });

  it('can not be told while the keys can not be had', async () => {
    const away = verifyPushToken({ audience, email, keys: () => Promise.reject(new Error('no route')) });
    await expect(away(await sign())).rejects.toMatchObject({ name: 'ServiceError', kind: 'transient' });
  });

  it('needs an audience and an account', () => {
    expect(() => verifyPushToken({ audience: '', email })).toThrow('verifyPushToken.audience');
    expect(() => verifyPushToken({ audience, email: '' })).toThrow('verifyPushToken.email');
  });
});
