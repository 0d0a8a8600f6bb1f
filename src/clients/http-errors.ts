import { BreakwaterError, classify, ConfigurationError, ServiceError } from '../errors/index.ts';
import type { Clock } from '../time/index.ts';
import type { HttpTransportRequest } from './http-transport.ts';

type Named = Pick<HttpTransportRequest, 'url' | 'method'>;

/** How errors name a request: method, origin and path; never the query, which may hold a key. */
export function describe({ method, url }: Named): string {
  return `${method} ${url.origin}${url.pathname}`;
}

/** The answer's status is a failure. */
export function statusFailed(
  request: Named,
  status: number,
  headers: Readonly<Record<string, string>>,
  clock: Clock,
): Error {
  const classification = classify({ status, headers }, { wallNow: clock.wallNow() });
  const details = { service: request.url.host, code: String(status), ...classification };
  return new ServiceError(`${describe(request)} answered ${status}`, details);
}

/** No answer came, or only a part of one. */
export function requestFailed(request: Named, error: unknown, clock: Clock): unknown {
  if (error instanceof BreakwaterError) return error;
  const code = codeOf(error);
  const details = { service: request.url.host, code, ...classify(error, { wallNow: clock.wallNow() }) };
  const message = `${describe(request)} failed${code === undefined ? '' : ` (${code})`}`;
  return new ServiceError(message, details, { cause: error });
}

/** The body has more bytes than the call takes. */
export function tooLarge(request: Named, maxBytes: number): Error {
  return new ServiceError(`${describe(request)} answered with more than ${maxBytes} bytes`, {
    service: request.url.host,
    kind: 'permanent',
    code: 'too_large',
  });
}

/** @throws ConfigurationError for what is no absolute http or https URL, or holds credentials; it shows no secret. */
export function parseUrl(given: string | URL): URL {
  const url = given instanceof URL ? given : URL.parse(given);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new ConfigurationError('url', 'an absolute http or https URL', withoutSecrets(String(given)));
  if (url.username !== '' || url.password !== '')
    throw new ConfigurationError('url', 'without user and password: give them as a header', url.origin);
  return url;
}

function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//');
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
