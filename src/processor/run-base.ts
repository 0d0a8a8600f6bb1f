import type { z } from 'zod';
import type { Context } from '../context/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import type { UpstreamCheck } from '../upstream/index.ts';
import type { ProcessorDefinition } from './definition.ts';
import { LiveRun } from './live-run.ts';
import { parseOptions } from './parse-options.ts';
import { performRun } from './perform-run.ts';
import type { Run } from './run.ts';
import type { RunResult, RunResults } from './run-result.ts';
import type { Settlement } from './release.ts';

declare const final: unique symbol;

/** How one call of `run` is made. */
export interface RunCall {
  /** Cancels what is not done yet: such runs end as `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Runs though the same work is done already (`already_done`). Default: false. */
  readonly force?: boolean | undefined;
}

/** What the dispatcher says besides: who triggered the run, and what its end leaves in the store. */
export interface DispatchCall extends RunCall {
  readonly trigger: string;
  /** Decides, in the same write that releases the claim, whether the key is parked. */
  readonly settle: (result: RunResult) => Settlement;
  /** Whether work that waits for its upstream is left to the sweep, if there is one: nothing is claimed. */
  readonly yields?: boolean | undefined;
  /** Whether a live run is told to go again. Default: true. */
  readonly again?: boolean | undefined;
  /** Whether only what is parked is run: what is not any more is `already_done`. Default: false. */
  readonly ifParked?: boolean | undefined;
  /** The message that asks for the run: delivered twice it starts one run. */
  readonly cause?: string | undefined;
  /** Monotonic milliseconds by which the run must have ended, if that is before its own time-out. */
  readonly deadline?: number | undefined;
  /** Whether the processor is paused: its runs are skipped as `disabled`, and parked. An error fails the run: nobody can tell. */
  readonly isPaused?: ((signal: AbortSignal) => Promise<boolean>) | undefined;
}

/** `run` can't be overridden: the chain around the work is the library's promise. */
export type RunFunction<O> = ((options: O, call?: RunCall) => Promise<RunResults>) & {
  readonly [final]: true;
};

/** The dispatcher's way in; `run` is everybody's. */
export const dispatched: unique symbol = Symbol('breakwater.dispatched');

/**
 * Work that is claimed, watched and recorded, one output and date at a time. `ProcessorBase` adds extract, transform
 * and load; the four mixins add heartbeat, circuit, time-out and upstream check.
 *
 * @typeParam O The options of `run`.
 */
export abstract class RunBase<O> {
  protected readonly context: Context;
  /** What the class declared as its static `processor`. */
  readonly definition: ProcessorDefinition;

  /**
   * Runs each date of the options, one after the other, and tells how each ended. Never throws for what can happen to a run.
   *
   * @throws ConfigurationError (as a rejection) for wrong options, before anything is claimed.
   */
  declare readonly run: RunFunction<O>;

  constructor(context: Context) {
    const definition = (new.target as { processor?: ProcessorDefinition }).processor;
    if (definition === undefined) {
      throw new ConfigurationError(
        `${new.target.name}.processor`,
        'a static property made by defineProcessor',
        definition,
      );
    }
    if ('run' in new.target.prototype) {
      throw new ConfigurationError(
        `${new.target.name}.run`,
        'left as it is: write `extract`, `transform`, `load` or `work`',
        'a method',
      );
    }
    this.context = context;
    this.definition = definition;
    // Not writable and not configurable: a subclass's field named `run` throws here and now.
    Object.defineProperty(this, 'run', {
      value: (options: O, call: RunCall = {}) =>
        this.#runAll(options, { trigger: 'call', settle: () => 'keep', ...call }),
      enumerable: false,
    });
  }

  /** What the run needs to be there before it works. Public and pure: sweeper and job order ask it without a run. */
  abstract upstream(options: O): readonly UpstreamCheck[];

  /** The schema of the options, which must be the same to it when they come back from JSON: a parked run is started with them. */
  protected abstract optionsSchema(): z.ZodType<O>;

  /** The date of one part of the options, `YYYY-MM-DD`. */
  protected abstract dateOf(options: O): string;

  /** The options cut into one part a date. Default: the options as they are. */
  protected split(options: O): readonly [O, ...O[]] {
    return [options];
  }

  /** What stands around the work; each mixin adds its guard and goes on with `super.guard(run)`. */
  protected guard(run: Run<O>): Promise<RunResult> {
    return live(run).settle(() => this.work(run));
  }

  /** The work itself; `succeeded`, `skipped` and `failed` make its result. */
  protected abstract work(run: Run<O>): Promise<RunResult>;

  /** The parts of the options with their keys and dates: what the dispatcher parks, asks for and starts. @internal */
  parts(options: O): readonly [RunPart<O>, ...RunPart<O>[]] {
    const [first, ...others] = this.split(parseOptions(this.definition.name, this.optionsSchema(), options));
    const part = (options: O): RunPart<O> => {
      const date = this.dateOf(options);
      return { options, date, key: `${this.definition.output}/${date}` };
    };
    return [part(first), ...others.map(part)];
  }

  /** @internal */
  [dispatched](options: O, call: DispatchCall): Promise<RunResults> {
    return this.#runAll(options, call);
  }

  async #runAll(options: O, call: DispatchCall): Promise<RunResults> {
    const [first, ...others] = this.parts(options);
    const perform = (part: RunPart<O>) =>
      performRun({
        context: this.context,
        definition: this.definition,
        part,
        call,
        guard: (run) => this.guard(run),
      });
    const results: [RunResult, ...RunResult[]] = [await perform(first)];
    for (const part of others) results.push(await perform(part));
    return results;
  }
}

/** One date of a call's options. */
export interface RunPart<O> {
  readonly options: O;
  readonly date: string;
  readonly key: string;
}

/** The run with what only guards may do with it. */
export function live<O>(run: Run<O>): LiveRun<O> {
  if (run instanceof LiveRun) return run;
  throw new ConfigurationError('run', 'the run that guard was given', run);
}
