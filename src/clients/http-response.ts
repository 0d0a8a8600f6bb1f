import type { z } from 'zod';
import { InvalidDataError, ServiceError } from '../errors/index.ts';
import type { HttpResponse } from './http.ts';
import type { HttpTransportResponse } from './http-calls.ts';

/** How errors name a call: method, origin and path; never the query, which may hold a key. */
export interface HttpCallName {
  readonly what: string;
  /** The host. */
  readonly service: string;
}

export function responseOf(
  { what }: HttpCallName,
  { status, headers }: HttpTransportResponse,
  body: Uint8Array,
): HttpResponse {
  const text = () => new TextDecoder().decode(body);
  return { status, headers, body, text, json: () => parseJson(what, text()) };
}

/** @throws ServiceError for a body of more than `maxBytes`, without reading on. */
export async function readBody(
  { what, service }: HttpCallName,
  answer: HttpTransportResponse,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new ServiceError(`${what} answered with more than ${maxBytes} bytes`, {
        service,
        kind: 'permanent',
        code: 'too_large',
      });
    }
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** @throws InvalidDataError naming the call and the field. */
export function parseJson<T>(what: string, text: string, schema?: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidDataError(`${what} did not answer with JSON`, { cause: error });
  }
  if (schema === undefined) return value as T;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || 'the whole answer';
  const others = parsed.error.issues.length - 1;
  throw new InvalidDataError(
    `${what} answered with a wrong value at ${field}: ${issue?.message}${others > 0 ? ` (and ${others} more)` : ''}`,
    { cause: parsed.error },
  );
}
