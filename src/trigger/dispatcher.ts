import type { Context } from '../context/index.ts';
import { dispatched, type RunResult, type RunResults } from '../processor/index.ts';
import { settlementOf } from './parking.ts';
import { type ProcessorClass, registry } from './registry.ts';
import { createSweeper, type SweepReport } from './sweeper.ts';

/** How one run is asked for. */
export interface DispatchOptions {
  /** What asked, for the run's record: `schedule`, `push`, `operator`, … */
  readonly trigger: string;
  readonly signal?: AbortSignal | undefined;
  readonly force?: boolean | undefined;
}

/** Starts runs and acts on how they end: the one owner of retries. */
export interface Dispatcher {
  /**
   * Runs a processor, by its declared name. What is not ready, or may work later, is parked when this resolves.
   *
   * @throws ConfigurationError for an unknown name or wrong options: nothing was claimed.
   */
  dispatch(processor: string, options: unknown, how: DispatchOptions): Promise<RunResults>;
  /** Looks once at all that is due: recovers the dead, gives up what waited too long, starts what is ready. */
  sweep(call?: { readonly signal?: AbortSignal | undefined }): Promise<SweepReport>;
  /** A publisher says that a table has new rows: what waits for it is looked at on the next sweep, with fresh eyes. */
  tableUpdated(table: string, dates: readonly string[]): void;
}

export interface DispatcherOptions {
  readonly processors: readonly ProcessorClass[];
  readonly context: Context;
  /** Hears of every result, in the order in which runs end. */
  readonly on?: ((result: RunResult) => void) | undefined;
  /** How many runs a sweep has at work at once. Default: 4. */
  readonly concurrency?: number | undefined;
}

/** @throws ConfigurationError for two processors of one name, or outputs that wait for each other. */
export function createDispatcher({
  processors,
  context,
  on,
  concurrency = 4,
}: DispatcherOptions): Dispatcher {
  const known = registry(processors, context);

  const dispatch: Dispatcher['dispatch'] = async (name, options, how) => {
    const results = await known.byName(name)[dispatched](options, {
      ...how,
      settle: (result) => settlementOf(result, context.config, context.random),
    });
    for (const result of results) {
      if (result.status === 'succeeded')
        context.upstream.tableUpdated(known.byName(name).definition.output, [result.date]);
      on?.(result);
    }
    return results;
  };
  const sweep = createSweeper({ context, known, dispatch, concurrency });
  return { dispatch, sweep, tableUpdated: (table, dates) => context.upstream.tableUpdated(table, dates) };
}
