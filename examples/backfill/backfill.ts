import type { Context, RunResult } from 'breakwater';
import { dependencyLevels } from 'breakwater/trigger';
import type { ExampleProcessor } from '../processors/index.ts';

export interface BackfillOptions {
  readonly context: Context;
  readonly processors: readonly ExampleProcessor[];
  /** The days of each sport, in order. */
  readonly days: Readonly<Record<string, readonly string[]>>;
  /** How many runs are at work at once. Default: 4. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly on?: ((event: BackfillEvent) => void) | undefined;
}

export type BackfillEvent =
  | { readonly kind: 'level'; readonly processors: readonly string[]; readonly total: number }
  | { readonly kind: 'run'; readonly result: RunResult; readonly done: number; readonly total: number };

interface Piece {
  readonly Processor: ExampleProcessor;
  readonly date: string;
}

/**
 * Runs every processor on every day of its sport: level by level, as their outputs wait for each other, a bounded number at
 * once. What is done already is skipped, so that a backfill that was killed goes on where it was.
 */
export async function backfill(options: BackfillOptions): Promise<readonly RunResult[]> {
  const { context, concurrency = 4, signal, on } = options;
  const levels = levelsOf(options).map((level) => piecesOf(level, options.days));
  const total = levels.flat().length;
  const results: RunResult[] = [];
  for (const pieces of levels) {
    const names = [...new Set(pieces.map(({ Processor }) => Processor.name))];
    on?.({ kind: 'level', processors: names, total });
    const queue = pieces.values();
    const worker = async () => {
      // One iterator for all workers: each takes the next piece that nobody has.
      for (const { Processor, date } of queue) {
        if (signal?.aborted) return;
        const [result] = await new Processor(context).run({ startDate: date, endDate: date }, { signal });
        results.push(result);
        on?.({ kind: 'run', result, done: results.length, total });
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, pieces.length) }, worker));
  }
  return results;
}

/** Processors by what they wait for: `outputOf` in their checks says it. */
function levelsOf({ context, processors, days }: BackfillOptions) {
  return dependencyLevels(processors, (Processor) => {
    const [date = '2026-01-01'] = days[Processor.processor.sport] ?? [];
    return {
      output: Processor.processor.output,
      needs: new Processor(context)
        .upstream({ startDate: date, endDate: date })
        .flatMap(({ output }) => output ?? []),
    };
  });
}

/** Day by day. Twins, which make one output, take the days by turns: on the same day one of them would only be in the way. */
function piecesOf(level: readonly ExampleProcessor[], days: BackfillOptions['days']): readonly Piece[] {
  const outputs = [...Map.groupBy(level, ({ processor }) => processor.output).values()];
  const pieces = outputs.flatMap((twins) =>
    (days[twins[0]!.processor.sport] ?? []).map((date, index) => ({
      Processor: twins[index % twins.length]!,
      date,
    })),
  );
  return pieces.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}
