import { z } from 'zod';

/** What a message asks for. An unknown command is an error, never something that is done. */
export const command = z.union([
  z.strictObject({
    command: z.literal('run').default('run'),
    /** The processor's declared name. */
    processor: z.string().min(1).max(200),
    options: z.record(z.string(), z.json()),
    /** Runs though the same work is done already. */
    force: z.boolean().default(false),
  }),
  z.strictObject({
    command: z.literal('table_updated'),
    table: z.string().min(1).max(200),
    dates: z.array(z.iso.date()).max(1_000),
  }),
  z.strictObject({ command: z.literal('sweep') }),
]);
export type Command = z.infer<typeof command>;

/** The body of a push request of Pub/Sub. Fields that it may grow are let be. */
const envelope = z.object({
  message: z.object({
    data: z.base64().default(''),
    messageId: z.string().min(1).max(200),
    publishTime: z.iso.datetime({ offset: true }).optional(),
  }),
  subscription: z.string().max(500).optional(),
  deliveryAttempt: z.number().int().positive().optional(),
});

/** Where a message comes from and how often it has come. */
export interface Delivery {
  readonly messageId: string;
  readonly subscription: string | null;
  /** From 1; null without a dead-letter policy, where Pub/Sub does not count. */
  readonly attempt: number | null;
  readonly publishedAt: string | null;
  /** Milliseconds since it was published. */
  readonly age: number | null;
}

export type ReadMessage =
  | { readonly ok: true; readonly delivery: Delivery; readonly command: Command }
  | { readonly ok: false; readonly delivery: Delivery | undefined; readonly problem: string };

/** Reads a push request's body. */
export function readMessage(body: string, wallNow: number): ReadMessage {
  const outer = parse(envelope, body);
  if (!outer.ok) return { ok: false, delivery: undefined, problem: `the request ${outer.problem}` };
  const { message, subscription = null, deliveryAttempt = null } = outer.value;
  const { messageId, publishTime = null } = message;
  const age = publishTime === null ? null : Math.max(0, wallNow - Date.parse(publishTime));
  const delivery = { messageId, subscription, attempt: deliveryAttempt, publishedAt: publishTime, age };
  const inner = parse(command, Buffer.from(message.data, 'base64').toString('utf8'));
  if (!inner.ok) return { ok: false, delivery, problem: `the message ${inner.problem}` };
  return { ok: true, delivery, command: inner.value };
}

type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

function parse<T>(schema: z.ZodType<T>, text: string): Parsed<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'is no JSON' };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, problem: `does not fit: ${z.prettifyError(parsed.error).slice(0, 500)}` };
}
