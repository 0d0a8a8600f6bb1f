import { ConfigurationError } from '../errors/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';

/** How long whoever pushes waits; milliseconds. */
export interface PushDeadlines {
  /** The subscription's ack deadline, in which a pushed run must have ended and be recorded. */
  readonly ackDeadline: number | undefined;
  /** How long the server's platform lets a request take. */
  readonly requestTimeout: number | undefined;
}

export interface PushOverrides {
  readonly ackDeadline?: Duration | undefined;
  readonly requestTimeout?: Duration | undefined;
}

/** What recording a pushed run takes at most, after its time-out and grace; milliseconds. */
export const pushRecordingTime = 10_000;

/** @throws ConfigurationError naming the one that does not fit into the other. */
export function pushDeadlines({ ackDeadline, requestTimeout }: PushOverrides): PushDeadlines {
  const ack = ackDeadline === undefined ? undefined : milliseconds('config.push.ackDeadline', ackDeadline);
  const request =
    requestTimeout === undefined ? undefined : milliseconds('config.push.requestTimeout', requestTimeout);
  // What Pub/Sub has.
  if (ack !== undefined && (ack < 10_000 || ack > 600_000))
    throw new ConfigurationError('config.push.ackDeadline', 'from 10 s to 600 s', ackDeadline);
  if (ack !== undefined && request !== undefined && ack > request)
    throw new ConfigurationError('config.push.ackDeadline', `at most the request's ${request} ms`, ack);
  return { ackDeadline: ack, requestTimeout: request };
}

/**
 * Checks that a pushed run ends, and is recorded, while somebody waits for it.
 *
 * @throws ConfigurationError naming the time-out.
 */
export function checkPushed(
  { ackDeadline, requestTimeout }: PushDeadlines,
  timeouts: Readonly<Record<string, number | undefined>>,
  grace: number,
): void {
  const waits = ackDeadline ?? requestTimeout;
  if (waits === undefined) return;
  const [who, most] = [
    ackDeadline === undefined ? 'push.requestTimeout' : 'push.ackDeadline',
    waits - grace - pushRecordingTime,
  ];
  for (const [field, timeout] of Object.entries(timeouts)) {
    if (timeout === undefined || timeout <= most) continue;
    const parts = `${grace} ms of grace and ${pushRecordingTime} ms of recording`;
    throw new ConfigurationError(field, `at most ${most} ms: ${who} (${waits} ms) less ${parts}`, timeout);
  }
}
