import { BreakwaterError, ConfigurationError, ServiceError } from '../errors/index.ts';
import { Lazy } from './lazy.ts';
import { requirePeer } from './require-peer.ts';

export interface PushTokenOptions {
  /** What the subscription's tokens are made for: the audience it was given, else the push endpoint's address. */
  readonly audience: string;
  /** The service account that the subscription signs as. */
  readonly email: string;
  /** Google's public keys by id, as PEM. Default: fetched from Google, and kept as long as it says. */
  readonly keys?: (() => Promise<Readonly<Record<string, string>>>) | undefined;
}

/** The token is not one that Pub/Sub signed for this service. */
export class PushTokenError extends BreakwaterError {
  override readonly name = 'PushTokenError';
  readonly kind = 'permanent';
}

const issuers = ['https://accounts.google.com', 'accounts.google.com'];

/**
 * Verifies the OIDC token of a push request with Google's auth library: signature, issuer, audience, expiry and the account's e-mail.
 * For `pushHandler`'s `verify`.
 */
export function verifyPushToken(options: PushTokenOptions): (token: string) => Promise<void> {
  const { audience, email } = options;
  if (!audience)
    throw new ConfigurationError('verifyPushToken.audience', 'the audience of the tokens', audience);
  if (!email) throw new ConfigurationError('verifyPushToken.email', 'a service account’s address', email);
  const lazy = new Lazy('google-auth', async () => {
    const { OAuth2Client } = await requirePeer('google-auth-library', () => import('google-auth-library'));
    return new OAuth2Client();
  });
  return async (token) => {
    const client = await lazy.get();
    const keys = options.keys ?? (async () => (await client.getFederatedSignonCertsAsync()).certs);
    const certificates = await keys().catch((cause: unknown) => {
      const details = { service: 'google-auth', kind: 'transient' } as const;
      throw new ServiceError('Google’s public keys could not be fetched', details, { cause });
    });
    let payload: { readonly email?: string; readonly email_verified?: boolean } | undefined;
    try {
      const ticket = await client.verifySignedJwtWithCertsAsync(token, certificates, audience, issuers);
      payload = ticket.getPayload();
    } catch (cause) {
      throw new PushTokenError(`The token is not valid: ${(cause as Error).message.slice(0, 200)}`, {
        cause,
      });
    }
    if (payload?.email !== email || payload.email_verified !== true)
      throw new PushTokenError(`The token is of ${payload?.email ?? 'nobody'}, not of ${email}`);
  };
}
