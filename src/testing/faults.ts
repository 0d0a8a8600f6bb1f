import { ConfigurationError } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds } from '../time/index.ts';
import { checkFault, type Fault, suffer } from './fault.ts';
import { withMethods } from './with-methods.ts';

export type { Fault } from './fault.ts';

export interface FaultsOptions {
  /** Delays pass on it. */
  readonly clock: Clock;
  /** Uniform in [0, 1), such as `seededRandom(7)`: decides by rate. */
  readonly random: () => number;
}

/** Faults to be put in front of a client or a function. Each method gives a new object, so a set of them can be shared. */
export interface Faults {
  /** So often (0 to 1) a call throws. An `error` that is a function makes a new error each time. */
  fail(options: { readonly rate: number; readonly error?: unknown }): Faults;
  /** So often a call is made only after the delay. */
  delay(options: { readonly rate: number; readonly by: Duration }): Faults;
  /** So often a call never answers. */
  hang(options: { readonly rate: number }): Faults;
  /** So often a call is refused as throttled. */
  throttle(options: { readonly rate: number; readonly retryAfter?: Duration | undefined }): Faults;
  /** What happens to a method's calls, one after the other; then the rates decide. Each wrapped method starts at the beginning. */
  script(faults: readonly Fault[]): Faults;
  /** The client, with faults in the named methods; all else is as it was, and the client itself is left alone. */
  wrap<T extends object>(target: T, methods: readonly AsyncMethod<T>[]): T;
  /** The function, with faults. */
  wrap<F extends AsyncFunction>(target: F): F;
}

type AsyncFunction = (...args: never[]) => Promise<unknown>;
type AsyncMethod<T> = { [K in keyof T]-?: T[K] extends AsyncFunction ? K : never }[keyof T];

/**
 * Makes calls misbehave, by rate or by script, the same way each time for the same seed.
 *
 * @throws ConfigurationError naming the option, here and from each method of the result, before any call.
 *
 * @example
 * const flaky = faults({ clock, random: seededRandom(7) }).fail({ rate: 0.2 }).delay({ rate: 0.1, by: '2s' });
 * const bigquery = flaky.wrap(context.bigquery, ['query']);
 * const fetchOdds = faults({ clock, random }).script(['fail', 'hang', 'ok']).wrap(fetchOddsOnce);
 */
export function faults(options: FaultsOptions): Faults {
  checkOptions('faults', options);
  const { clock, random } = options;
  if (![clock?.now, clock?.wallNow, clock?.setTimer].every((part) => typeof part === 'function'))
    throw new ConfigurationError('faults.clock', 'a clock', clock);
  if (typeof random !== 'function') throw new ConfigurationError('faults.random', 'a function', random);
  return build({ clock, random }, [], []);
}

interface Chance {
  readonly rate: number;
  readonly fault: Fault;
}

function build(options: FaultsOptions, chances: readonly Chance[], script: readonly Fault[]): Faults {
  const { clock, random } = options;
  const or = <O extends { readonly rate: number }>(name: string, given: O, faultOf: (given: O) => Fault) => {
    checkOptions(`faults.${name}`, given);
    const { rate } = given;
    if (!(typeof rate === 'number' && rate >= 0 && rate <= 1))
      throw new ConfigurationError(`faults.${name}.rate`, 'a number from 0 to 1', rate);
    return build(options, [...chances, { rate, fault: faultOf(given) }], script);
  };
  const roll = (): readonly Fault[] =>
    // Every rate is rolled on every call, so that one fault's rate does not shift the others' luck.
    chances.map(({ rate, fault }) => (random() < rate ? fault : 'ok'));
  const faulty = (call: AsyncFunction) => {
    let made = 0;
    return async function (this: unknown, ...args: never[]): Promise<unknown> {
      const scripted = script[made++];
      for (const fault of scripted === undefined ? roll() : [scripted]) {
        await suffer(fault, clock, signalOf(args));
      }
      return call.apply(this, args);
    };
  };
  return {
    fail: (given) => or('fail', given, ({ error }) => (error === undefined ? 'fail' : { fail: error })),
    delay: (given) => or('delay', given, ({ by }) => ({ delay: milliseconds('faults.delay.by', by) })),
    hang: (given) => or('hang', given, () => 'hang'),
    throttle: (given) =>
      or('throttle', given, ({ retryAfter }) =>
        retryAfter === undefined
          ? 'throttle'
          : { throttle: { retryAfter: milliseconds('faults.throttle.retryAfter', retryAfter) } },
      ),
    script(faults) {
      if (!Array.isArray(faults)) throw new ConfigurationError('faults.script', 'an array of faults', faults);
      for (const [index, fault] of faults.entries()) checkFault(`faults.script[${index}]`, fault);
      return build(options, chances, [...faults]);
    },
    wrap<T extends object>(target: T, methods?: readonly PropertyKey[]): T {
      if (typeof target === 'function') return faulty(target as unknown as AsyncFunction) as unknown as T;
      if (typeof target !== 'object' || target === null)
        throw new ConfigurationError('faults.wrap', 'given an object or a function', target);
      if (!Array.isArray(methods))
        throw new ConfigurationError('faults.wrap.methods', 'an array of names of methods', methods);
      const replaced = methods.map((name: PropertyKey) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function')
          throw new ConfigurationError('faults.wrap.methods', 'names of methods', String(name));
        return [name, faulty(method.bind(target) as AsyncFunction)] as const;
      });
      return withMethods(target, new Map(replaced));
    },
  };
}

function checkOptions(field: string, options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError(field, 'given an object of options', options);
}

/** A call's signal: an argument itself, or the `signal` of its options. */
function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  for (const arg of args) {
    if (arg instanceof AbortSignal) return arg;
    const { signal } = (arg ?? {}) as { signal?: unknown };
    if (signal instanceof AbortSignal) return signal;
  }
  return undefined;
}
