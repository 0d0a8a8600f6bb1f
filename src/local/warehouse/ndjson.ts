import type { NdjsonSource } from '../../clients/index.ts';
import { InvalidDataError } from '../../errors/index.ts';
import { type Column, rowFor } from './columns.ts';

// A line longer than this is no row of ours.
const longestLine = 10 * 2 ** 20;

/**
 * The source's rows in batches, each checked against the columns.
 *
 * @param signal Ends the reading with its reason, also while the source gives nothing.
 * @throws InvalidDataError naming the source, the line and the field.
 */
export async function* rowsOf(
  source: NdjsonSource,
  columns: readonly Column[],
  name: string,
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Record<string, unknown>[]> {
  let batch: Record<string, unknown>[] = [];
  let number = 0;
  for await (const line of linesOf(source, name, signal)) {
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

async function* linesOf(source: NdjsonSource, name: string, signal: AbortSignal): AsyncGenerator<string> {
  if (typeof source === 'string') {
    yield* source.split('\n');
    return;
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  const chunks = source instanceof Uint8Array ? [source] : untilAborted(source, signal);
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

async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  // It is waited for only while an item is.
  aborted.catch(() => {});
  let ended = false;
  try {
    while (true) {
      signal.throwIfAborted();
      const next = await Promise.race([items.next(), aborted]);
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
    // Not waited for: a source that gives nothing may not end either.
    if (!ended) void items.return?.().catch(() => {});
  }
}
