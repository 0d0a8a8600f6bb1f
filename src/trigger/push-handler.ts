import { createHash } from 'node:crypto';
import { type Context, pushRecordingTime } from '../context/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import { RunCancelledError, type RunResult } from '../processor/index.ts';
import { rejectedMessages, retention } from '../store/index.ts';
import { type Duration, milliseconds, withinTime } from '../time/index.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { type Delivery, readMessage } from './push-message.ts';
import { readBody } from './read-body.ts';
import type { ProcessorClass } from './registry.ts';

export interface PushOptions {
  /**
   * The subscription's ack deadline, 10 s to 600 s. A run has ended and is recorded before it: its own time-out is cut to fit.
   */
  readonly ackDeadline: Duration;
  /**
   * Throws unless the bearer token is one that Pub/Sub signed for this service: `verifyPushToken` of `breakwater/google`. An error
   * of kind `transient` means that nobody could tell.
   */
  readonly verify: (token: string, call: { readonly signal: AbortSignal }) => Promise<void>;
  /** The longest body that is read, in bytes. Default: 262,144. */
  readonly maxBytes?: number | undefined;
  /** Hears of every result. */
  readonly on?: ((result: RunResult) => void) | undefined;
  /** Default: one of its own for the processors. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** Answers a push request. An abort of the signal, whatever its reason, stops its run as a shutdown does: it is parked. */
export type PushHandler = (
  request: Request,
  call?: { readonly signal?: AbortSignal | undefined },
) => Promise<Response>;

const verifyTime = 5_000;
const retryAfterSeconds = 30;
const longestKept = 2_000;

/**
 * A Fetch-style handler of Pub/Sub push requests. A message is acknowledged (204) only after what it asked for is done, recorded or
 * parked; while that can't be recorded it is refused (503) and comes again. One that can never be worked on is recorded and
 * acknowledged, or it would come for ever.
 *
 * @throws ConfigurationError for an ack deadline that Pub/Sub does not have, that leaves no time to work in, or that is longer than
 * a request may take.
 */
export function pushHandler(
  processors: readonly ProcessorClass[],
  context: Context,
  options: PushOptions,
): PushHandler {
  const { verify, maxBytes = 262_144, on } = options;
  const { clock, config, logger } = context;
  const ackDeadline = milliseconds('pushHandler.ackDeadline', options.ackDeadline);
  // What is needed after a run's deadline: its grace, and the time to record it.
  const after = config.processor.grace + pushRecordingTime;
  if (ackDeadline < 10_000 || ackDeadline > 600_000 || ackDeadline <= after) {
    const least = Math.max(10_000, after + 1);
    throw new ConfigurationError(
      'pushHandler.ackDeadline',
      `from ${least} ms (grace and recording) to 600,000 ms`,
      options.ackDeadline,
    );
  }
  const { requestTimeout = Infinity } = config.push;
  if (ackDeadline > requestTimeout)
    throw new ConfigurationError(
      'pushHandler.ackDeadline',
      `at most the time that a request may take (config.push.requestTimeout, ${requestTimeout} ms)`,
      options.ackDeadline,
    );
  const dispatcher =
    options.dispatcher ?? createDispatcher({ processors, context, ...(on !== undefined && { on }) });

  return async (request, call = {}) => {
    const deadline = clock.now() + ackDeadline - after;
    if (request.method !== 'POST') return answer(405, { allow: 'POST' });
    const refusal = await authenticate(request);
    if (refusal !== undefined) return refusal;
    const body = await readBody(request, maxBytes).catch((error: unknown) => {
      logger.warn('the body of a push request could not be read to its end', { error });
    });
    if (body === undefined) return later();
    if (!body.whole) return reject(undefined, body.text, `it is longer than ${maxBytes} bytes`);
    const read = readMessage(body.text, clock.wallNow());
    if (!read.ok) return reject(read.delivery, body.text, read.problem);
    const { delivery } = read;
    const { messageId, attempt, age } = delivery;
    logger.info(`message ${messageId} asks for ${read.command.command}`, { messageId, attempt, age });
    const stopping = asShutdown(call.signal);
    try {
      return await act(read.command, delivery, { deadline, signal: stopping.signal });
    } catch (error) {
      if (error instanceof ConfigurationError) return reject(delivery, body.text, error.message);
      logger.error(`message ${messageId} could not be worked on`, { messageId, attempt, age, error });
      return later();
    } finally {
      stopping.letGo();
    }
  };

  async function act(
    command: (ReturnType<typeof readMessage> & { readonly ok: true })['command'],
    { messageId }: Delivery,
    call: { readonly deadline: number; readonly signal: AbortSignal },
  ): Promise<Response> {
    switch (command.command) {
      case 'sweep':
        await dispatcher.sweep(call);
        return answer(204);
      case 'table_updated':
        await dispatcher.tableUpdated(command.table, command.dates, call);
        return answer(204);
      case 'run': {
        const { processor, options, force } = command;
        const how = { trigger: 'push', cause: messageId, force, ...call };
        const results = await dispatcher.dispatch(processor, options, how);
        return results.every(({ recorded }) => recorded) ? answer(204) : later();
      }
    }
  }

  async function authenticate(request: Request): Promise<Response | undefined> {
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? [];
    if (token === undefined) return answer(401, { 'www-authenticate': 'Bearer' });
    try {
      await withinTime(clock, verifyTime, 'check of the token', (signal) => verify(token, { signal }));
      return undefined;
    } catch (error) {
      const kind = (error as { readonly kind?: unknown }).kind;
      if (kind === 'transient' || kind === 'timeout') return later();
      logger.warn('a push request was refused: its token is not Pub/Sub’s for this service', { error });
      return answer(403);
    }
  }

  /** Records what can never be worked on, then takes it: else it would come for ever. */
  async function reject(delivery: Delivery | undefined, body: string, reason: string): Promise<Response> {
    // A request without an id is known by what it says: the same one again is the same record.
    const messageId = delivery?.messageId ?? createHash('sha256').update(body).digest('hex').slice(0, 32);
    const { subscription = null, attempt = null, publishedAt = null } = delivery ?? {};
    logger.error(`message ${messageId} can't be worked on: ${reason}`, { messageId, attempt });
    const record = {
      messageId,
      subscription,
      reason: reason.slice(0, longestKept),
      body: body.slice(0, longestKept),
      attempt,
      publishedAt,
      receivedAt: new Date(clock.wallNow()).toISOString(),
    };
    try {
      await withinTime(clock, pushRecordingTime, `record of message ${messageId}`, async (signal) => {
        const messages = context.store.collection(rejectedMessages);
        const { entry, time } = await messages.get(messageId, { signal });
        if (entry !== undefined) return;
        const expires = time + retention.runs;
        // Of two deliveries the first one's record stands.
        await messages.put(messageId, record, { ifVersion: undefined, expires, signal });
      });
      return answer(204);
    } catch (error) {
      logger.error(`message ${messageId} could not be recorded`, { messageId, error });
      return later();
    }
  }
}

/** A run that somebody else's abort stops would count as cancelled by its caller, whose business it then is. Nobody's is a message. */
function asShutdown(signal: AbortSignal | undefined): {
  readonly signal: AbortSignal;
  readonly letGo: () => void;
} {
  const controller = new AbortController();
  const stop = () => {
    const { reason } = signal as AbortSignal;
    const isOurs = reason instanceof RunCancelledError;
    controller.abort(
      isOurs ? reason : new RunCancelledError('shutdown', 'The push request was aborted', { cause: reason }),
    );
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  return {
    signal: controller.signal,
    letGo: () => signal?.removeEventListener('abort', stop),
  };
}

/** Not durably recorded: it should come again. */
function later(): Response {
  return answer(503, { 'retry-after': String(retryAfterSeconds) });
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}
