import type { Context } from '../context/index.ts';
import { dispatched, type RunResult, type RunResults } from '../processor/index.ts';
import { controlRecords, isPause } from '../store/index.ts';
import { sleep } from '../time/index.ts';
import { withBoundedStore } from './bounded-store.ts';
import { pausedSettlement, settlementOf } from './parking.ts';
import { createPlaces } from './places.ts';
import { type ProcessorClass, registry } from './registry.ts';
import { silentRuns } from './silent.ts';
import { joined, nothingFound, type SweepReport } from './sweep-report.ts';
import type { SweepCall, SweeperParts } from './sweeper.ts';
import { createSweeps } from './sweeps.ts';
import { wake } from './wake.ts';

/** How one run is asked for. */
export interface DispatchOptions {
  /** What asked, for the run's record: `schedule`, `push`, `operator`, … */
  readonly trigger: string;
  readonly signal?: AbortSignal | undefined;
  readonly force?: boolean | undefined;
  /** The message that asks: delivered twice, it starts one run. */
  readonly cause?: string | undefined;
  /** Monotonic milliseconds by which the run must have ended, if that is before its own time-out. Default: none. */
  readonly deadline?: number | undefined;
}

/** Starts runs and acts on how they end: the one owner of retries. */
export interface Dispatcher {
  /**
   * Runs a processor, by its declared name. What is not ready, or may work later, is parked when this resolves. Work that waits
   * already is left to the sweep, unless that is late by an interval: then nobody sweeps.
   *
   * @throws ConfigurationError for an unknown name or wrong options: nothing was claimed.
   */
  dispatch(processor: string, options: unknown, how: DispatchOptions): Promise<RunResults>;
  /**
   * Looks once at all that is due: recovers the dead, gives up what waited too long, starts what is ready, and resolves when those
   * runs have ended. A sweep that comes while another one's runs are at work looks for itself and starts what else is ready, so
   * that a run that hangs holds up nobody's work but its own; one that comes during a look shares it.
   */
  sweep(call?: SweepCall): Promise<SweepReport>;
  /**
   * A publisher says that a table has new rows: what waits for it is looked at with fresh eyes, what was given up for it in the last
   * seven days is revived, and what is ready is started before this resolves. A look that is not allowed yet is waited for, unless
   * that is past the deadline: the sweep has it then.
   *
   * @param dates The rows' dates, `YYYY-MM-DD`; none stands for whichever.
   */
  tableUpdated(table: string, dates: readonly string[], call?: SweepCall): Promise<SweepReport>;
}

export interface DispatcherOptions {
  readonly processors: readonly ProcessorClass[];
  readonly context: Context;
  /** Hears of every result, in the order in which runs end, and of what was given up. */
  readonly on?: ((result: RunResult) => void) | undefined;
  /** How many runs sweeps have at work at once. Default: 4. */
  readonly concurrency?: number | undefined;
}

/** @throws ConfigurationError for two processors of one name. */
export function createDispatcher({
  processors,
  context: given,
  on = () => {},
  concurrency = 4,
}: DispatcherOptions): Dispatcher {
  const context = withBoundedStore(given);
  const known = registry(processors, context);

  async function run(
    name: string,
    options: unknown,
    how: DispatchOptions & { readonly yields: boolean; readonly again: boolean; readonly ifParked: boolean },
  ): Promise<RunResults> {
    const processor = known.byName(name);
    let paused: boolean | undefined;
    const results = await processor[dispatched](options, {
      ...how,
      async isPaused(signal) {
        paused ??= isPause((await context.store.collection(controlRecords).get(name, { signal })).entry);
        return paused;
      },
      settle: (result) =>
        paused && result.status === 'skipped' && result.reason === 'disabled'
          ? pausedSettlement(context.config)
          : settlementOf(result, context.config, context.random),
    });
    for (const result of results) on(result);
    const dates = results.filter(({ status }) => status === 'succeeded').map(({ date }) => date);
    if (dates.length > 0) {
      const update = { table: processor.definition.output, dates };
      context.upstream.tableUpdated(update.table, dates);
      await wake(context, known, update, { revive: false, signal: how.signal }).catch((error: unknown) =>
        // They are looked at all the same, a little later.
        context.logger.warn(`what waits for ${update.table} could not be woken`, { error }),
      );
    }
    return results;
  }

  const parts: SweeperParts = {
    context,
    known,
    on,
    places: createPlaces(concurrency),
    silent: silentRuns(context),
    inHand: new Set(),
    start: (record, call) =>
      run(record.processor, record.options, {
        trigger: 'sweep',
        ...call,
        yields: false,
        // A run that another process has started meanwhile sees all that this sweep has seen.
        again: false,
        // It may have waited long since it was found ready.
        ifParked: true,
      }),
  };
  const sweeps = createSweeps(parts);
  return {
    dispatch: (name, options, how) =>
      run(name, options, { ...how, yields: true, again: true, ifParked: false }),
    sweep: (call = {}) => sweeps.join(call),
    async tableUpdated(table, dates, call = {}) {
      const { signal, deadline = Infinity } = call;
      context.upstream.tableUpdated(table, dates);
      const { woken, dueIn } = await wake(context, known, { table, dates }, { revive: true, signal });
      if (woken === 0) return nothingFound;
      const dueAt = context.clock.now() + dueIn;
      const report = await sweeps.next(call);
      if (dueIn === 0 || dueAt >= deadline) return report;
      // A look that was not allowed yet is queued, not dropped.
      await sleep(context.clock, Math.max(0, dueAt - context.clock.now()), signal);
      return joined(report, await sweeps.next(call));
    },
  };
}
