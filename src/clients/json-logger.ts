import { type Clock, realClock } from '../time/index.ts';
import type { Logger } from './logger.ts';
import { type StructuredLoggerOptions, structuredLogger } from './structured-logger.ts';

export interface JsonLoggerOptions extends StructuredLoggerOptions {
  /** Takes one line, without its end. Default: console.error, as standard output is the program's. */
  readonly write?: ((line: string) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * One line of JSON a message, in the shape that Cloud Logging reads from a container: `severity`, `message`, `time`, labels and
 * trace where there are any, then the fields. A field of one of the first names is written as `_severity`, `_message`, `_time`.
 *
 * Errors are shown with name, message, kind and cause. What is named like a secret is not shown, nor are keys in the
 * query of a URL; long, deep and many values are cut, so that a line stays below Cloud Logging's 256 KB.
 *
 * @throws ConfigurationError naming the option.
 */
export function createJsonLogger(options: JsonLoggerOptions = {}): Logger {
  const { write = (line) => console.error(line), clock = realClock, ...rest } = options;
  return structuredLogger('createJsonLogger', { ...rest, clock }, (line) => {
    const { severity, message, time, labels, trace, fields } = line;
    const head = { severity, message, time };
    const shown = Object.entries(fields).map(([name, value]) => [
      Object.hasOwn(head, name) ? `_${name}` : name,
      value,
    ]);
    write(
      JSON.stringify({
        ...head,
        ...(Object.keys(labels).length > 0 && { 'logging.googleapis.com/labels': labels }),
        ...(trace !== undefined && { 'logging.googleapis.com/trace': trace }),
        ...Object.fromEntries(shown),
      }),
    );
  });
}
