import type { NdjsonSource } from '../../clients/index.ts';
import { InvalidDataError } from '../../errors/index.ts';
import { type Column, rowFor } from './columns.ts';

// A line longer than this is no row of ours.
const longestLine = 10 * 2 ** 20;

/**
 * The source's rows in batches, each checked against the columns.
 *
 * @throws InvalidDataError naming the source, the line and the field.
 */
export async function* rowsOf(
  source: NdjsonSource,
  columns: readonly Column[],
  name: string,
  batchSize: number,
): AsyncGenerator<readonly Record<string, unknown>[]> {
  let batch: Record<string, unknown>[] = [];
  let number = 0;
  for await (const line of linesOf(source, name)) {
    number += 1;
    if (line.trim() === '') continue;
    const where = `${name} line ${number}`;
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch (error) {
      throw new InvalidDataError(`${where}: not JSON (${(error as Error).message})`, { cause: error });
    }
    batch.push(rowFor(columns, parsed, where));
    if (batch.length >= batchSize) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

async function* linesOf(source: NdjsonSource, name: string): AsyncGenerator<string> {
  if (typeof source === 'string') {
    yield* source.split('\n');
    return;
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  const chunks = source instanceof Uint8Array ? [source] : source;
  for await (const chunk of chunks) {
    const lines =
      `${rest}${typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() as string;
    if (rest.length > longestLine)
      throw new InvalidDataError(`${name}: a line is longer than ${longestLine} characters`);
    yield* lines;
  }
  yield rest + decoder.decode();
}
