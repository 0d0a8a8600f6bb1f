import { ConfigurationError, ServiceError } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds, sleep } from '../time/index.ts';

/** What may happen to a call before it is made: nothing, or one of these. */
export type Fault =
  | 'ok'
  /** It throws a transient ServiceError. */
  | 'fail'
  /** It never answers; its caller's signal ends it, with the caller's reason. */
  | 'hang'
  /** It throws a throttled ServiceError. */
  | 'throttle'
  | { readonly fail: unknown }
  | { readonly delay: Duration }
  | { readonly throttle: { readonly retryAfter: Duration } };

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
 * @throws ConfigurationError naming the rate or the delay.
 *
 * @example
 * const flaky = faults({ clock, random: seededRandom(7) }).fail({ rate: 0.2 }).delay({ rate: 0.1, by: '2s' });
 * const bigquery = flaky.wrap(context.bigquery, ['query']);
 * const fetchOdds = faults({ clock, random }).script(['fail', 'hang', 'ok']).wrap(fetchOddsOnce);
 */
export function faults(options: FaultsOptions): Faults {
  return build(options, [], []);
}

interface Chance {
  readonly rate: number;
  readonly fault: Fault;
}

function build(options: FaultsOptions, chances: readonly Chance[], script: readonly Fault[]): Faults {
  const { clock, random } = options;
  const or = (rate: number, fault: Fault) => {
    if (!(rate >= 0 && rate <= 1)) throw new ConfigurationError('faults.rate', 'from 0 to 1', rate);
    checkFault(fault);
    return build(options, [...chances, { rate, fault }], script);
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
    fail: ({ rate, error }) => or(rate, error === undefined ? 'fail' : { fail: error }),
    delay: ({ rate, by }) => or(rate, { delay: by }),
    hang: ({ rate }) => or(rate, 'hang'),
    throttle: ({ rate, retryAfter }) =>
      or(rate, retryAfter === undefined ? 'throttle' : { throttle: { retryAfter } }),
    script(faults) {
      for (const fault of faults) checkFault(fault);
      return build(options, chances, [...faults]);
    },
    wrap<T extends object>(target: T, methods: readonly PropertyKey[] = []): T {
      if (typeof target === 'function') return faulty(target as unknown as AsyncFunction) as unknown as T;
      const replaced = new Map(
        methods.map((name) => {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== 'function')
            throw new ConfigurationError('faults.wrap.methods', 'names of methods', String(name));
          return [name, faulty(method.bind(target) as AsyncFunction)] as const;
        }),
      );
      // Bound to the target itself: a class with private fields would not know the proxy.
      return new Proxy(target, {
        get(_, name) {
          const value: unknown = replaced.get(name) ?? Reflect.get(target, name);
          return typeof value === 'function' && !replaced.has(name) ? value.bind(target) : value;
        },
      });
    },
  };
}

async function suffer(fault: Fault, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  if (fault === 'ok') return;
  signal?.throwIfAborted();
  if (fault === 'hang') return untilAborted(signal);
  if (fault === 'fail')
    throw new ServiceError('A fault was injected', { service: 'fault', kind: 'transient' });
  if (fault === 'throttle') throw throttled(undefined);
  if ('delay' in fault) return sleep(clock, delayOf(fault.delay), signal);
  if ('throttle' in fault) throw throttled(milliseconds('faults.retryAfter', fault.throttle.retryAfter));
  throw typeof fault.fail === 'function' ? fault.fail() : fault.fail;
}

function throttled(retryAfter: number | undefined): ServiceError {
  return new ServiceError('A fault was injected: too many calls', {
    service: 'fault',
    kind: 'throttled',
    retryAfter,
  });
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
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

function checkFault(fault: Fault): void {
  if (typeof fault === 'string') {
    if (!['ok', 'fail', 'hang', 'throttle'].includes(fault))
      throw new ConfigurationError('faults.script', "'ok', 'fail', 'hang', 'throttle' or an object", fault);
  } else if ('delay' in fault) delayOf(fault.delay);
  else if ('throttle' in fault) milliseconds('faults.retryAfter', fault.throttle.retryAfter);
}

function delayOf(delay: Duration): number {
  return milliseconds('faults.delay', delay);
}
