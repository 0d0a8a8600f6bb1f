import type { ServiceAnswer } from './service-requests.ts';

/** A JSON API's answer that is a failure, with nothing in it of the request, which bears a token. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status. */
  readonly code: number;
  /** The service's own reasons. */
  readonly errors: readonly unknown[];
  readonly headers: Readonly<Record<string, unknown>>;

  /** @param body JSON or text. */
  constructor({ statusCode, headers }: ServiceAnswer, body: unknown) {
    const { error } = (body ?? {}) as { error?: { message?: unknown; errors?: unknown } | null };
    super(
      String(error?.message ?? (typeof body === 'string' && body !== '' ? body : `status ${statusCode}`)),
    );
    this.code = statusCode;
    this.errors = Array.isArray(error?.errors) ? error.errors : [];
    this.headers = { 'retry-after': headers['retry-after'] };
  }
}
