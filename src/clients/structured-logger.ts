import { ConfigurationError } from '../errors/index.ts';
import type { Clock } from '../time/index.ts';
import { loggable } from './loggable.ts';
import type { LogFields, Logger } from './logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What every logger in Cloud Logging's shape can be told. */
export interface StructuredLoggerOptions {
  /** The least severe level that is written. Default: `info`. */
  readonly level?: LogLevel | undefined;
  /** Labels on every line. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /**
   * The trace that a line belongs to, asked for each: an id, or `projects/<project>/traces/<id>`. A field named `trace` goes before it.
   * Default: none.
   */
  readonly trace?: (() => string | undefined) | undefined;
  /** The project of traces that are told by their id alone. */
  readonly project?: string | undefined;
}

/** One line: plain JSON, small, and without secrets. */
export interface StructuredLine {
  readonly severity: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';
  readonly message: string;
  /** ISO 8601. */
  readonly time: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly trace: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

const severities = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;
const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/**
 * A logger that hands on its lines, made fit to be shown.
 *
 * @throws ConfigurationError naming the option: an unknown level, a label that is no text.
 */
export function structuredLogger(
  name: string,
  options: StructuredLoggerOptions & { readonly clock: Clock },
  write: (line: StructuredLine) => void,
): Logger {
  const { clock, level = 'info', labels = {}, trace: currentTrace, project } = options;
  const least = order.indexOf(level);
  if (least < 0) throw new ConfigurationError(`${name}.level`, `one of ${order.join(', ')}`, level);
  for (const [label, value] of Object.entries(labels)) {
    if (typeof value !== 'string') throw new ConfigurationError(`${name}.labels.${label}`, 'text', value);
  }
  const make = (base: LogFields): Logger => {
    const log =
      (at: LogLevel) =>
      (message: string, own: LogFields = {}) => {
        if (order.indexOf(at) < least) return;
        const { trace = currentTrace?.(), ...fields } = { ...base, ...own };
        write({
          severity: severities[at],
          message: String(loggable(message)),
          time: new Date(clock.wallNow()).toISOString(),
          labels,
          trace: typeof trace === 'string' && trace !== '' ? traceName(trace, project) : undefined,
          fields: loggable(fields) as Record<string, unknown>,
        });
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

function traceName(trace: string, project: string | undefined): string {
  return trace.includes('/') || project === undefined ? trace : `projects/${project}/traces/${trace}`;
}
