import { ConfigurationError } from '../errors/index.ts';

/** Where a service is, when it is not at Google's own address: an emulator, or a proxy. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Without TLS and credentials: only for a service on this machine. */
  readonly insecure: boolean;
  /** `http://127.0.0.1:8080`. */
  readonly origin: string;
}

/** @throws ConfigurationError unless it is an origin, and one of this machine where it is not https. */
export function endpointOf(field: string, given: string): Endpoint {
  const url = URL.parse(given);
  const fits = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.username === '';
  const insecure = url?.protocol === 'http:';
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url?.hostname ?? '');
  if (!fits || (insecure && !local)) {
    throw new ConfigurationError(
      field,
      "an origin such as 'https://…', or 'http://…' of this machine",
      given,
    );
  }
  const port = url.port === '' ? (insecure ? 80 : 443) : Number(url.port);
  return { host: url.hostname, port, insecure, origin: url.origin };
}
