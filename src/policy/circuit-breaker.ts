import {
  type CircuitRecord,
  type CircuitSettings,
  type CircuitState,
  consecutiveFailures,
  LocalCircuit,
  type Ticket,
  type TripRule,
} from '../circuit/index.ts';
import { CircuitOpenError, ConfigurationError, classify, type ErrorKind } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds, realClock } from '../time/index.ts';
import { buildPolicy, register } from './build-policy.ts';
import type { Call } from './call.ts';
import { type Layer, passOn, type Verdict } from './layer.ts';
import { judge, type Listener, tell } from './listen.ts';
import type { Outcome, Policy } from './policy.ts';

export interface CircuitBreakerOptions {
  /** Shown in errors and events. */
  readonly name: string;
  /** When to open. Default: `consecutiveFailures(5)`. */
  readonly trip?: TripRule | undefined;
  /** From opening until probes are admitted. Default: 30 s. */
  readonly openFor?: Duration | undefined;
  /** How many probes may be at work at once. Default: 1. */
  readonly probes?: number | undefined;
  /** How many probes of one epoch must succeed to close. Default: as many as `probes`. */
  readonly successes?: number | undefined;
  /** By when a probe must have ended, or it has failed. Default: 30 s. */
  readonly probeTimeout?: Duration | undefined;
  /** Which outcomes count as failures. Default: transient and throttled errors, time-outs and errors of unknown kind. */
  readonly handle?: ((outcome: Outcome<unknown>) => boolean) | undefined;
  readonly on?: Listener<CircuitBreakerEvent> | undefined;
  readonly clock?: Clock | undefined;
}

export type CircuitBreakerEvent =
  | { readonly kind: 'moved'; readonly name: string; readonly from: CircuitState; readonly to: CircuitState }
  | { readonly kind: 'rejected'; readonly name: string; readonly retryAfter: number | undefined };

export interface CircuitBreaker extends Policy {
  readonly name: string;
  readonly state: CircuitState;
  /** Rejects every call until the hold, or the last of several, is disposed of. */
  isolate(): Disposable;
  /** Closes the circuit and forgets what was counted. */
  reset(): void;
  /** What it protects is known to be there again: an open circuit admits probes at once. */
  ready(): void;
  /** The circuit as data; shares nothing with the live one. */
  snapshot(): CircuitRecord;
  /** Takes the snapshot's place; one that was isolated comes back open for its time, as nobody holds it. */
  restore(record: CircuitRecord): void;
}

/**
 * Stops calling what keeps failing, and finds out with few calls when it works again.
 *
 * @example
 * const breaker = circuitBreaker({ name: 'odds-api', trip: consecutiveFailures(5), openFor: '5m', probes: 3 });
 * @throws ConfigurationError naming the option.
 */
export function circuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const layer = new CircuitBreakerLayer(options);
  const { execute, executeOutcome, wrap } = buildPolicy([layer]);
  const { circuit } = layer;
  let holds = 0;
  const breaker: CircuitBreaker = {
    name: options.name,
    execute,
    executeOutcome,
    wrap,
    get state() {
      return circuit.state;
    },
    isolate() {
      holds += 1;
      circuit.apply({ kind: 'isolate' });
      let held = true;
      return {
        [Symbol.dispose]() {
          if (!held) return;
          held = false;
          holds -= 1;
          if (holds === 0) circuit.apply({ kind: 'release' });
        },
      };
    },
    reset() {
      circuit.apply({ kind: 'reset' });
      // A hold is not forgotten: who isolated it has not let go.
      if (holds > 0) circuit.apply({ kind: 'isolate' });
    },
    ready: () => void circuit.apply({ kind: 'ready' }),
    snapshot: () => structuredClone(circuit.record),
    restore(record) {
      const unowned = record.state === 'isolated' && holds === 0;
      const now = layer.clock.now();
      circuit.restore(
        unowned
          ? { ...record, state: 'open', openedAt: now, openUntil: now + layer.settings.openFor }
          : record,
      );
      if (holds > 0) circuit.apply({ kind: 'isolate' });
    },
  };
  return register(breaker, [layer]);
}

class CircuitBreakerLayer implements Layer {
  readonly clock: Clock;
  readonly settings: CircuitSettings;
  readonly circuit: LocalCircuit;
  readonly #name: string;
  readonly #handle: ((outcome: Outcome<unknown>) => boolean) | undefined;
  readonly #on: Listener<CircuitBreakerEvent> | undefined;

  constructor(options: CircuitBreakerOptions) {
    const {
      name,
      trip = consecutiveFailures(5),
      openFor = '30s',
      probes = 1,
      probeTimeout = '30s',
      handle,
      on,
    } = options;
    const { successes = probes, clock = realClock } = options;
    if (typeof name !== 'string' || name === '')
      throw new ConfigurationError('circuitBreaker.name', 'a name', name);
    if (typeof trip?.trips !== 'function')
      throw new ConfigurationError('circuitBreaker.trip', 'a trip rule', trip);
    whole('circuitBreaker.probes', probes);
    whole('circuitBreaker.successes', successes);
    this.clock = clock;
    this.settings = {
      trip,
      openFor: milliseconds('circuitBreaker.openFor', openFor),
      probes,
      successes,
      probeTimeout: milliseconds('circuitBreaker.probeTimeout', probeTimeout),
    };
    this.#name = name;
    this.#handle = handle;
    this.#on = on;
    this.circuit = new LocalCircuit(this.settings, clock, (from, to) => {
      if (this.#on !== undefined) tell(this.#on, { kind: 'moved', name, from, to });
    });
  }

  enter(call: Call, slot: number): Error | undefined {
    const admission = this.circuit.enter();
    if (admission.ticket === undefined) {
      const { retryAfter } = admission;
      if (this.#on !== undefined) tell(this.#on, { kind: 'rejected', name: this.#name, retryAfter });
      return new CircuitOpenError(this.#name, retryAfter);
    }
    call.slots[slot] = admission.ticket;
    return undefined;
  }

  succeed(call: Call, slot: number, value: unknown): Verdict {
    const failed = this.#handle !== undefined && judge(this.#handle, { ok: true, value });
    this.circuit.leave(call.slots[slot] as Ticket, failed ? 'failure' : 'success');
    return passOn;
  }

  fail(call: Call, slot: number, error: unknown): Verdict {
    const { kind } = classify(error);
    const failed =
      this.#handle === undefined
        ? countedKinds.has(kind)
        : kind !== 'cancelled' && judge(this.#handle, { ok: false, error, kind });
    this.circuit.leave(call.slots[slot] as Ticket, failed ? 'failure' : 'ignored');
    return passOn;
  }

  ended(call: Call, slot: number, error: unknown, cancelled: boolean): void {
    if (cancelled) this.circuit.leave(call.slots[slot] as Ticket, 'ignored');
    else this.fail(call, slot, error);
  }
}

const countedKinds: ReadonlySet<ErrorKind> = new Set(['transient', 'throttled', 'timeout', 'unknown']);

function whole(field: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 1))
    throw new ConfigurationError(field, 'a whole number of at least 1', value);
}
