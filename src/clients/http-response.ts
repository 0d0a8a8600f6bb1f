import type { z } from 'zod';
import { InvalidDataError } from '../errors/index.ts';
import type { HttpResponse } from './http.ts';
import { describe } from './http-errors.ts';
import type { HttpTransportRequest } from './http-transport.ts';

// Has no state between two calls.
const decoder = new TextDecoder();

export function responseOf(
  request: HttpTransportRequest,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): HttpResponse {
  const text = () => decoder.decode(body);
  return { status, headers, body, text, json: () => parseJson(request, text()) };
}

/** @throws InvalidDataError naming the call and the field. */
export function parseJson<T>(
  request: Pick<HttpTransportRequest, 'url' | 'method'>,
  text: string,
  schema?: z.ZodType<T>,
): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidDataError(`${describe(request)} did not answer with JSON`, { cause: error });
  }
  if (schema === undefined) return value as T;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || 'the whole answer';
  const others = parsed.error.issues.length - 1;
  throw new InvalidDataError(
    `${describe(request)} answered with a wrong value at ${field}: ${issue?.message}${others > 0 ? ` (and ${others} more)` : ''}`,
    { cause: parsed.error },
  );
}
