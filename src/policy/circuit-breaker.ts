import { type CircuitRecord, type CircuitState, checkedRecord, type TripRule } from '../circuit/index.ts';
import type { Clock, Duration } from '../time/index.ts';
import { CircuitBreakerLayer } from './circuit-breaker-layer.ts';
import { FusedPolicy } from './fused-policy.ts';
import type { Handle } from './judge.ts';
import type { Listener } from './listen.ts';
import type { Policy } from './policy.ts';

export interface CircuitBreakerOptions {
  /** Shown in errors and events. */
  readonly name: string;
  /** When to open. Default: `consecutiveFailures(5)`. */
  readonly trip?: TripRule | undefined;
  /** From opening until probes are admitted, always the same or growing. Default: 30 s. */
  readonly openFor?: Duration | GrowingOpenTime | undefined;
  /** How many probes may be at work at once. Default: 1. */
  readonly probes?: number | undefined;
  /** How many probes of one epoch must succeed to close. Default: as many as `probes`. */
  readonly successes?: number | undefined;
  /** By when a probe must have ended, or it has failed. Default: 30 s. */
  readonly probeTimeout?: Duration | undefined;
  /** Which outcomes count as failures. Default: transient and throttled errors, time-outs and errors of unknown kind. */
  readonly handle?: Handle | undefined;
  readonly on?: Listener<CircuitBreakerEvent> | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1), for the jitter of a growing open time. Default: Math.random. */
  readonly random?: (() => number) | undefined;
}

/**
 * An open time that grows while probes keep failing, and shrinks again in quiet times:
 * `min(cap, base · factor^n)`, and up to `jitter` of it more by chance.
 */
export interface GrowingOpenTime {
  /** The first open time. */
  readonly base: Duration;
  /** The longest, before jitter. */
  readonly cap: Duration;
  /** Default: 2; at least 1. */
  readonly factor?: number | undefined;
  /** Default: 0.1; from 0 to 1. */
  readonly jitter?: number | undefined;
  /** For each so long in `closed`, one step of growth is taken back. Default: the cap. */
  readonly quiet?: Duration | undefined;
}

export type CircuitBreakerEvent =
  | { readonly kind: 'moved'; readonly name: string; readonly from: CircuitState; readonly to: CircuitState }
  | { readonly kind: 'rejected'; readonly name: string; readonly retryAfter: number | undefined };

export interface CircuitBreaker extends Policy {
  readonly name: string;
  readonly state: CircuitState;
  /** Rejects every call until the hold, or the last of several, is disposed of. */
  isolate(): Disposable;
  /** Closes the circuit, unless it is isolated, and forgets what was counted. */
  reset(): void;
  /** What it protects is known to be there again: an open circuit admits probes at once. */
  ready(): void;
  /** The circuit as data; shares nothing with the live one. */
  snapshot(): CircuitRecord;
  /**
   * Takes the snapshot's place; one that was isolated comes back open for its time, as nobody holds it. What another trip rule has
   * counted, or one with another window, is not taken over, nor are the snapshot's probes; those at work here keep their places.
   * A window of time is one of this process's clock: in another process, which started at another time, it says nothing.
   *
   * @throws ConfigurationError naming the field that is wrong.
   */
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
  return Object.freeze(new FusedCircuitBreaker(new CircuitBreakerLayer(options)));
}

class FusedCircuitBreaker extends FusedPolicy<never> implements CircuitBreaker {
  readonly #layer: CircuitBreakerLayer;

  constructor(layer: CircuitBreakerLayer) {
    super(layer);
    this.#layer = layer;
  }

  get name(): string {
    return this.#layer.name;
  }

  get state(): CircuitState {
    return this.#layer.circuit.state;
  }

  isolate(): Disposable {
    const layer = this.#layer;
    layer.holds += 1;
    layer.circuit.apply({ kind: 'isolate' });
    let held = true;
    return {
      [Symbol.dispose]() {
        if (!held) return;
        held = false;
        layer.holds -= 1;
        if (layer.holds === 0) layer.circuit.apply({ kind: 'release' });
      },
    };
  }

  reset(): void {
    this.#layer.circuit.apply({ kind: 'reset', held: this.#layer.holds > 0 });
  }

  ready(): void {
    this.#layer.circuit.apply({ kind: 'ready' });
  }

  snapshot(): CircuitRecord {
    return structuredClone(this.#layer.circuit.record);
  }

  restore(given: CircuitRecord): void {
    const record = checkedRecord('circuitBreaker.restore', given);
    const layer = this.#layer;
    const now = layer.clock.now();
    // Who isolated it here has not let go.
    const held = layer.holds > 0;
    const released = record.state === 'isolated' && !held;
    layer.circuit.restore(
      released
        ? { ...record, state: 'open', openedAt: now, openUntil: now + layer.openFor }
        : withinReach(record, now, layer.longestOpenTime),
      held,
    );
  }
}

// A snapshot of another process has the times of another clock: it must not stay open for longer than it ever would here.
function withinReach(record: CircuitRecord, now: number, longest: number): CircuitRecord {
  if (record.openUntil === null || record.openUntil <= now + longest) return record;
  return { ...record, openedAt: now, openUntil: now + longest };
}
