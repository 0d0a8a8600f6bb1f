import { randomUUID } from 'node:crypto';
import {
  createJsonLogger,
  type Logger,
  type StructuredLine,
  type StructuredLoggerOptions,
  structuredLogger,
} from '../../clients/index.ts';
import { ConfigurationError } from '../../errors/index.ts';
import { type Clock, type Duration, milliseconds, realClock } from '../../time/index.ts';
import type { CloudLogging, LogEntry } from './cloud-logging.ts';
import { LogBuffer } from './log-buffer.ts';

export interface CloudLoggerOptions extends StructuredLoggerOptions {
  readonly logging: CloudLogging;
  /** Default: `breakwater`. */
  readonly log?: string | undefined;
  /** From a line until it is sent, with all that have come meanwhile. Default: 1 s. */
  readonly flushEvery?: Duration | undefined;
  /** The longest one request takes. Default: 10 s. */
  readonly timeout?: Duration | undefined;
  /** The longest that `close` waits for lines to be written. Default: 5 s. */
  readonly closeWithin?: Duration | undefined;
  /** Lines that wait at most while the service is away; more drop the oldest. Default: 10,000. */
  readonly mostWaiting?: number | undefined;
  /** Takes what can't be told in Cloud Logging: that it takes no lines, and lines after `close`. Default: JSON on standard error. */
  readonly fallback?: Logger | undefined;
  readonly clock?: Clock | undefined;
}

/** A logger whose lines are entries of a log. */
export interface CloudLogger extends Logger {
  /** Resolves when all lines so far are written, or the time (default: 5 s) is up: true, or false. Never throws. */
  flush(within?: Duration): Promise<boolean>;
  statistics(): CloudLoggerStatistics;
  /** Writes what it can in its time; the rest is dropped, counted and told. Later lines go to the fallback. Never throws. */
  close(): Promise<void>;
}

/** Lines since the logger was made. */
export interface CloudLoggerStatistics {
  readonly written: number;
  readonly dropped: number;
  readonly waiting: number;
}

const complainEvery = 60_000;
const longestLabel = 1_000;

/**
 * Log lines through Cloud Logging's API, for where nobody collects standard error. On Cloud Run `createJsonLogger` serves
 * better: nothing has to be sent by a process that may be without processor time after its response.
 *
 * Lines are sent together, in the background: no method throws or waits. The fields `processor`, `key` and `runId` are labels too, so that
 * they can be filtered by. What is shown and what is not is as in `createJsonLogger`.
 *
 * @throws ConfigurationError naming the option.
 */
export function cloudLogger(options: CloudLoggerOptions): CloudLogger {
  const { logging, log = 'breakwater', mostWaiting = 10_000, clock = realClock } = options;
  const { fallback = createJsonLogger({ clock }), ...rest } = options;
  const closeWithin = milliseconds('cloudLogger.closeWithin', options.closeWithin ?? '5s');
  if (!Number.isSafeInteger(mostWaiting) || mostWaiting < 1)
    throw new ConfigurationError('cloudLogger.mostWaiting', 'a whole number of at least 1', mostWaiting);
  const process = randomUUID();
  let lines = 0;
  let complainedAt = -Infinity;
  let closing: Promise<void> | undefined;

  const buffer = new LogBuffer({
    logging,
    log,
    clock,
    mostWaiting,
    flushEvery: milliseconds('cloudLogger.flushEvery', options.flushEvery ?? '1s'),
    timeout: milliseconds('cloudLogger.timeout', options.timeout ?? '10s'),
    onFailure(error, state) {
      if (closing === undefined && clock.now() - complainedAt < complainEvery) return;
      complainedAt = clock.now();
      fallback.error('Cloud Logging takes no log lines', { ...state, error });
    },
  });
  const logger = structuredLogger('cloudLogger', { ...rest, clock }, (line) => {
    if (closing !== undefined) {
      const { severity, message, fields } = line;
      try {
        fallback[methods[severity]](message, fields);
      } catch {
        // A line is not worth a run.
      }
    } else {
      lines += 1;
      buffer.add(entryOf(line, `${process}-${lines}`));
    }
  });
  return {
    ...logger,
    flush: async (within = '5s') => buffer.flush(milliseconds('flush', within)),
    statistics: () => buffer.statistics(),
    close() {
      closing ??= buffer.close(closeWithin);
      return closing;
    },
  };
}

const methods = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;

function entryOf({ severity, message, time, labels, trace, fields }: StructuredLine, id: string): LogEntry {
  const { processor, key, runId, message: another, ...others } = fields;
  return {
    timestamp: time,
    severity,
    insertId: id,
    labels: { ...labels, ...textsOf({ processor, key, runId }) },
    ...(trace !== undefined && { trace }),
    payload: {
      message,
      ...(another !== undefined && { _message: another }),
      processor,
      key,
      runId,
      ...others,
    },
  };
}

function textsOf(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value.slice(0, longestLabel)]] : [],
    ),
  );
}
