import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Collection, CollectionDefinition, Store } from '../../../src/store/index.ts';

/** What a contestant undertook, with all that is needed to say what should have come of it. */
export type Deed =
  | { readonly kind: 'enter'; readonly place: string }
  | {
      readonly kind: 'leave';
      readonly place: string;
      readonly ticket: { readonly epoch: number; readonly probe: number | null };
      readonly outcome: 'success' | 'failure';
    }
  | { readonly kind: 'claim'; readonly place: string; readonly runId: string; readonly duration: number }
  | { readonly kind: 'write'; readonly place: string; readonly runId: string; readonly fence: number }
  | {
      readonly kind: 'release';
      readonly place: string;
      readonly runId: string;
      readonly settlement: 'clear' | 'park' | 'giveUp';
    }
  | { readonly kind: 'recover'; readonly place: string; readonly runId: string }
  | { readonly kind: 'look'; readonly place: string };

/** One read or write of a record. Times are milliseconds of the machine's monotonic clock, which all its processes share. */
export interface Access {
  readonly process: string;
  readonly operation: 'get' | 'put';
  /** Collection and key. */
  readonly place: string;
  readonly calledAt: number;
  /** Infinity if the process did not live to hear of it, or heard an error: it may have been carried out, or may be yet. */
  readonly answeredAt: number;
  /** Of a write: the version that it is to replace. */
  readonly ifVersion?: string | undefined;
  /** What was written, or was read. */
  readonly value?: unknown;
  /** Of what was read, or of a write that was done. */
  readonly version?: string | undefined;
  /** Whether a write was done; undefined if nobody knows. */
  readonly ok?: boolean | undefined;
  /** The store's. */
  readonly time?: number | undefined;
}

export interface Operation {
  readonly process: string;
  readonly deed: Deed;
  readonly begunAt: number;
  /** Infinity if the process did not live to its end. */
  readonly endedAt: number;
  readonly result?: unknown;
  readonly accesses: readonly Access[];
}

/** All that one process did, in order. */
export interface ProcessHistory {
  readonly process: string;
  readonly operations: readonly Operation[];
  /** When the process wrote its last line: it lived so long at least. */
  readonly lastSeen: number;
}

type Line = { readonly at: number } & (
  | { readonly line: 'begin'; readonly deed: Deed }
  | { readonly line: 'end'; readonly result?: unknown }
  | {
      readonly line: 'call';
      readonly call: number;
      readonly operation: 'get' | 'put';
      readonly place: string;
      readonly ifVersion?: string | undefined;
      readonly value?: unknown;
    }
  | {
      readonly line: 'answer';
      readonly call: number;
      readonly ok?: boolean | undefined;
      readonly version?: string | undefined;
      readonly value?: unknown;
      readonly time?: number | undefined;
    }
);

export function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** Writes what a process does to a file of its own, line by line, each before what follows it: a kill loses none of them. */
export class HistoryWriter {
  readonly #file: string;
  #calls = 0;

  constructor(folder: string, process: string) {
    this.#file = join(folder, `${process}.jsonl`);
  }

  async operation<T>(deed: Deed, work: () => Promise<T>): Promise<T> {
    this.#write({ at: monotonic(), line: 'begin', deed });
    const result = await work();
    this.#write({ at: monotonic(), line: 'end', result });
    return result;
  }

  /** The store, with every read and write written down. */
  over(store: Store): Store {
    return {
      collection: <T>(definition: CollectionDefinition<T>): Collection<T> => {
        const records = store.collection(definition);
        const placeOf = (key: string) => `${definition.name}/${key}`;
        return {
          get: async (key, call) => {
            const number = this.#call({ operation: 'get', place: placeOf(key) });
            const answer = await records.get(key, call);
            const { entry, time } = answer;
            const value = entry?.readable ? entry.value : undefined;
            this.#answer(number, { version: entry?.version, value, time });
            return answer;
          },
          put: async (key, value, options) => {
            const { ifVersion } = options;
            const number = this.#call({ operation: 'put', place: placeOf(key), ifVersion, value });
            const answer = await records.put(key, value, options);
            const { ok, time } = answer;
            this.#answer(number, { ok, time, version: answer.ok ? answer.version : undefined });
            return answer;
          },
          delete: () => Promise.reject(new Error('contestants delete nothing')),
          list: (query) => records.list(query),
        };
      },
    };
  }

  #call(what: Pick<Line & { line: 'call' }, 'operation' | 'place' | 'ifVersion' | 'value'>): number {
    const call = this.#calls++;
    this.#write({ at: monotonic(), line: 'call', call, ...what });
    return call;
  }

  #answer(call: number, what: Pick<Line & { line: 'answer' }, 'ok' | 'version' | 'value' | 'time'>): void {
    this.#write({ at: monotonic(), line: 'answer', call, ...what });
  }

  #write(line: Line): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** The histories of all processes that wrote one into the folder. */
export function readHistories(folder: string): ProcessHistory[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => historyOf(basename(file, '.jsonl'), readFileSync(join(folder, file), 'utf8')));
}

function historyOf(process: string, text: string): ProcessHistory {
  // The last line may be torn by a kill.
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
  const operations: Operation[] = [];
  let current: { deed: Deed; begunAt: number; accesses: Access[] } | undefined;
  for (const line of lines) {
    if (line.line === 'begin') {
      if (current !== undefined) operations.push({ process, ...current, endedAt: Number.POSITIVE_INFINITY });
      current = { deed: line.deed, begunAt: line.at, accesses: [] };
    } else if (current === undefined) {
      throw new Error(`${process} did something outside of any operation`);
    } else if (line.line === 'end') {
      operations.push({ process, ...current, endedAt: line.at, result: line.result });
      current = undefined;
    } else if (line.line === 'call') {
      const { operation, place, ifVersion, value, at } = line;
      const written = operation === 'put' ? { ifVersion, value } : {};
      current.accesses.push({
        process,
        operation,
        place,
        ...written,
        calledAt: at,
        answeredAt: Number.POSITIVE_INFINITY,
      });
    } else {
      const open = current.accesses.at(-1) as Access;
      const { at: answeredAt, version, ok, time } = line;
      const read = open.operation === 'get' ? { value: line.value } : {};
      current.accesses[current.accesses.length - 1] = { ...open, answeredAt, version, ok, time, ...read };
    }
  }
  if (current !== undefined) operations.push({ process, ...current, endedAt: Number.POSITIVE_INFINITY });
  return { process, operations, lastSeen: lines.at(-1)?.at ?? 0 };
}
