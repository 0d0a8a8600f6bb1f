import { ConfigurationError } from '../errors/index.ts';
import { type Clock, realClock } from '../time/index.ts';
import { loggable } from './loggable.ts';
import type { LogFields, Logger } from './logger.ts';

export interface JsonLoggerOptions {
  /** Takes one line, without its end. Default: console.error, as standard output is the program's. */
  readonly write?: ((line: string) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** The least severe level that is written. Default: `info`. */
  readonly level?: Level | undefined;
}

type Level = 'debug' | 'info' | 'warn' | 'error';

const severities = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;
const order: readonly Level[] = ['debug', 'info', 'warn', 'error'];

/**
 * One line of JSON a message, in the shape that Cloud Logging reads from a container: `severity`, `message`, `time`, then the
 * fields. A field of one of those names is written as `_severity`, `_message`, `_time`.
 *
 * Errors are shown with name, message, kind and cause. What is named like a secret is not shown, nor are keys in the
 * query of a URL; long, deep and many values are cut, so that a line stays below Cloud Logging's 256 KB.
 *
 * @throws ConfigurationError for an unknown level.
 */
export function createJsonLogger(options: JsonLoggerOptions = {}): Logger {
  const { write = (line) => console.error(line), clock = realClock, level = 'info' } = options;
  const least = order.indexOf(level);
  if (least < 0) throw new ConfigurationError('createJsonLogger.level', `one of ${order.join(', ')}`, level);
  const make = (base: LogFields): Logger => {
    const log =
      (at: Level) =>
      (message: string, fields: LogFields = {}) => {
        if (order.indexOf(at) < least) return;
        const head = {
          severity: severities[at],
          message: loggable(message),
          time: new Date(clock.wallNow()).toISOString(),
        };
        const shown = Object.entries(loggable({ ...base, ...fields }) as object).map(([name, value]) => [
          Object.hasOwn(head, name) ? `_${name}` : name,
          value,
        ]);
        write(JSON.stringify({ ...head, ...Object.fromEntries(shown) }));
      };
    return {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      child: (fields) => make({ ...base, ...fields }),
    };
  };
  return make({});
}
