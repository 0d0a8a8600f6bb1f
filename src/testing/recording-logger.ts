import type { LogFields, Logger } from '../clients/index.ts';
import { keep } from './recording.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  /** Those of the line over those of the logger. */
  readonly fields: LogFields;
}

/** A logger whose lines a test can look at. Children write into the same lines. */
export class RecordingLogger implements Logger {
  /** The lines that were logged, the oldest first; of more than 10,000 the newest. */
  readonly lines: LogLine[];
  readonly #fields: LogFields;

  constructor(
    options: { readonly lines?: LogLine[] | undefined; readonly fields?: LogFields | undefined } = {},
  ) {
    this.lines = options.lines ?? [];
    this.#fields = options.fields ?? {};
  }

  debug(message: string, fields?: LogFields): void {
    this.#keep('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#keep('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#keep('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#keep('error', message, fields);
  }

  child(fields: LogFields): RecordingLogger {
    return new RecordingLogger({ lines: this.lines, fields: { ...this.#fields, ...fields } });
  }

  #keep(level: LogLine['level'], message: string, fields?: LogFields): void {
    keep(this.lines, { level, message, fields: { ...this.#fields, ...fields } });
  }
}
