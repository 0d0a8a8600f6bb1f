import { InvalidDataError } from '../errors/index.ts';
import type { NdjsonSource } from './bigquery.ts';
import { untilAborted } from './until-aborted.ts';

/** A line's value, and what errors call it: `nba_raw.nbac_schedule.ndjson line 17`. */
export interface NdjsonRow {
  readonly where: string;
  readonly value: unknown;
}

/** The longest line, in bytes of UTF-8: 10 MiB. A longer one is no row of ours, and must not fill the memory. */
export const longestLine = 10 * 2 ** 20;

/**
 * The values of NDJSON, line by line: blank lines are passed over, a byte order mark at the beginning too.
 *
 * @param name What errors call the source.
 * @param signal Ends the reading with its reason, also while the source gives nothing; the source is let go of.
 * @throws InvalidDataError naming the line that is no JSON, no UTF-8, or too long. An error of the source comes out unchanged.
 */
export async function* ndjsonRows(
  source: NdjsonSource,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<NdjsonRow> {
  const lines =
    typeof source === 'string' ? source.split('\n') : linesOf(untilAborted(chunksOf(source), signal), name);
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const where = `${name} line ${number}`;
    const text = withoutMark(textOf(line, where), number);
    if (text.trim() !== '') yield { where, value: parsed(text, where) };
  }
}

const newline = 0x0a;

/** Lines as bytes: within a character of UTF-8 there is no byte of a newline. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let number = 1;
  let begun: Uint8Array[] = [];
  let length = 0;
  const take = (piece: Uint8Array) => {
    length += piece.length;
    if (length > longestLine) throw tooLong(`${name} line ${number}`);
    begun.push(piece);
  };
  const finish = (): Uint8Array => {
    const line = begun.length === 1 ? (begun[0] as Uint8Array) : Buffer.concat(begun);
    begun = [];
    length = 0;
    number += 1;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      take(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    // A copy: the source may use its buffer again.
    if (start < chunk.length) take(Uint8Array.from(chunk.subarray(start)));
  }
  yield finish();
}

async function* chunksOf(source: Exclude<NdjsonSource, string>): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source;
  else for await (const chunk of source) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(line: string | Uint8Array, where: string): string {
  if (line.length > longestLine) throw tooLong(where);
  if (typeof line === 'string') return line;
  try {
    return decoder.decode(line);
  } catch (error) {
    throw new InvalidDataError(`${where}: not UTF-8`, { cause: error });
  }
}

function withoutMark(text: string, number: number): string {
  return number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidDataError(`${where}: not JSON (${(error as Error).message})`, { cause: error });
  }
}

function tooLong(where: string): InvalidDataError {
  return new InvalidDataError(`${where}: longer than ${longestLine} bytes`);
}
