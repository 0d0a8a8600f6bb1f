import {
  type CircuitHost,
  type CircuitSettings,
  type CircuitState,
  checkMarks,
  consecutiveFailures,
  isTicket,
  LocalCircuit,
  type OpenTimeGrowth,
  type Sample,
  type Ticket,
  type TripRule,
} from '../circuit/index.ts';
import { CircuitOpenError, ConfigurationError, withoutStack } from '../errors/index.ts';
import {
  type Clock,
  type Deadline,
  deadlineTimer,
  milliseconds,
  type AsyncContext,
  captureContext,
  runIn,
} from '../time/index.ts';
import type { Call } from './call.ts';
import type { CircuitBreakerEvent, CircuitBreakerOptions, GrowingOpenTime } from './circuit-breaker.ts';
import { type Handle, handlesError, handlesValue } from './judge.ts';
import type { Layer, Watch } from './layer.ts';
import { type Listener, tell } from './listen.ts';
import { checkCommon } from './options.ts';
import type { Outcome } from './policy.ts';
import { Rejecting } from './rejecting.ts';
import { whole } from './whole.ts';

const defaultTrip = /* @__PURE__ */ consecutiveFailures(5);

const succeeded: Sample = Object.freeze({ failed: false, duration: 0, running: false, reportedAt: 0 });
const failed: Sample = Object.freeze({ failed: true, duration: 0, running: false, reportedAt: 0 });

/** The layer holds the circuit, and is its settings: there may be very many, most of them never used. */
export class CircuitBreakerLayer implements Layer, CircuitSettings, CircuitHost {
  readonly clock: Clock;
  readonly callsBack: boolean;
  readonly endingCallsBack: boolean;
  readonly name: string;
  readonly trip: TripRule;
  readonly openFor: number;
  readonly probes: number;
  readonly successes: number;
  readonly probeTimeout: number;
  readonly growth: OpenTimeGrowth | undefined;
  readonly random: (() => number) | undefined;
  /** How many holds keep it isolated. */
  holds = 0;
  readonly #handle: Handle | undefined;
  readonly #on: Listener<CircuitBreakerEvent> | undefined;
  // Whether the trip rule looks at how long calls take.
  readonly #measures: boolean;
  #circuit: LocalCircuit | undefined;
  #watch: EpochWatch | undefined;

  constructor(options: CircuitBreakerOptions) {
    this.clock = checkCommon('circuitBreaker', options);
    const { name, trip = defaultTrip, openFor = '30s', probes = 1, probeTimeout = '30s' } = options;
    const { successes = probes } = options;
    if (typeof name !== 'string' || name === '')
      throw new ConfigurationError('circuitBreaker.name', 'a name', name);
    if (typeof trip?.trips !== 'function' || typeof trip.record !== 'function')
      throw new ConfigurationError('circuitBreaker.trip', 'a trip rule', trip);
    checkMarks('circuitBreaker.trip.marks', trip.marks);
    whole('circuitBreaker.probes', probes);
    whole('circuitBreaker.successes', successes);
    this.name = name;
    this.trip = trip;
    this.probes = probes;
    this.successes = successes;
    if (typeof openFor === 'object' && openFor !== null) {
      this.openFor = milliseconds('circuitBreaker.openFor.base', openFor.base);
      this.growth = growthOf(openFor, this.openFor);
    } else {
      this.openFor = milliseconds('circuitBreaker.openFor', openFor);
      this.growth = undefined;
    }
    this.probeTimeout = milliseconds('circuitBreaker.probeTimeout', probeTimeout);
    this.random = options.random;
    this.#handle = options.handle;
    this.#on = options.on;
    this.callsBack = this.#on !== undefined || this.#handle !== undefined;
    this.endingCallsBack = this.callsBack;
    this.#measures = (trip.needs ?? 'duration') === 'duration';
  }

  get circuit(): LocalCircuit {
    this.#circuit ??= new LocalCircuit(this, this.clock, this);
    return this.#circuit;
  }

  get longestOpenTime(): number {
    const { growth, openFor } = this;
    return growth === undefined ? openFor : Math.max(openFor, growth.cap) * (1 + growth.jitter);
  }

  moved(from: CircuitState, to: CircuitState): void {
    if (this.#on !== undefined) tell(this.#on, { kind: 'moved', name: this.name, from, to });
  }

  /** What a timer needs to be heard of in the context of here and now; nothing where nobody listens. */
  context(): AsyncContext | undefined {
    return this.#on && captureContext();
  }

  enter(call: Call, slot: number): Error | undefined {
    const { circuit } = this;
    const admission = circuit.closedTicket ?? circuit.enter();
    if (!isTicket(admission)) return this.#rejection(admission.retryAfter);
    if (this.#measures) {
      const timed = new TimedTicket(this, admission);
      timed.start();
      call.setSlot(slot, timed);
    } else call.setSlot(slot, admission);
    return undefined;
  }

  succeed(call: Call, slot: number, value: unknown): undefined {
    const counts = handlesValue(this.#handle, value);
    this.#leave(call.slot(slot) as Ticket | TimedTicket, counts ? 'failure' : 'success');
  }

  fail(call: Call, slot: number, error: unknown): undefined {
    const counts = handlesError(this.#handle, error);
    this.#leave(call.slot(slot) as Ticket | TimedTicket, counts ? 'failure' : 'ignored');
  }

  ended(call: Call, slot: number, error: unknown, cancelled: boolean): void {
    if (cancelled) this.#leave(call.slot(slot) as Ticket | TimedTicket, 'ignored');
    else this.fail(call, slot, error);
  }

  alone(): Watch | Promise<never> | undefined {
    const { closedTicket } = this.circuit;
    if (this.#measures) return undefined;
    if (closedTicket === undefined) {
      const refusal = this.circuit.refusal();
      return refusal && Promise.resolve(new Rejecting(this.#rejection(refusal.retryAfter)));
    }
    if (this.#watch?.ticket !== closedTicket) this.#watch = this.#watchOf(closedTicket);
    return this.#watch;
  }

  refuse(): Outcome<never> | undefined {
    const refusal = this.circuit.refusal();
    if (refusal === undefined) return undefined;
    this.#tellRejected(refusal.retryAfter);
    return new RefusedOutcome(this.name, refusal.retryAfter);
  }

  /** What hears of all calls of one epoch. */
  #watchOf(ticket: Ticket): EpochWatch {
    return {
      ticket,
      succeeded: (value) => {
        if (this.#handle === undefined) this.circuit.leave(ticket, 'success', succeeded);
        else this.#leave(ticket, handlesValue(this.#handle, value) ? 'failure' : 'success');
        return value;
      },
      failed: (error) => {
        this.#leave(ticket, handlesError(this.#handle, error) ? 'failure' : 'ignored');
        return new Rejecting(error);
      },
    };
  }

  #leave(held: Ticket | TimedTicket, outcome: 'success' | 'failure' | 'ignored'): void {
    const sample = outcome === 'failure' ? failed : succeeded;
    if (this.#measures && held instanceof TimedTicket)
      this.circuit.leave(held.ticket, outcome, held.end(sample));
    else this.circuit.leave(held as Ticket, outcome, sample);
  }

  #rejection(retryAfter: number | undefined): CircuitOpenError {
    this.#tellRejected(retryAfter);
    return openError(this.name, retryAfter);
  }

  #tellRejected(retryAfter: number | undefined): void {
    if (this.#on !== undefined) tell(this.#on, { kind: 'rejected', name: this.name, retryAfter });
  }
}

function openError(name: string, retryAfter: number | undefined): CircuitOpenError {
  return withoutStack(() => new CircuitOpenError(name, retryAfter));
}

/** The outcome of a call that was turned away; most who get one look at nothing but `ok`. */
class RefusedOutcome {
  readonly ok = false;
  readonly kind = 'rejected';
  readonly #name: string;
  readonly #retryAfter: number | undefined;
  #error: CircuitOpenError | undefined;

  constructor(name: string, retryAfter: number | undefined) {
    this.#name = name;
    this.#retryAfter = retryAfter;
  }

  get error(): CircuitOpenError {
    this.#error ??= openError(this.#name, this.#retryAfter);
    return this.#error;
  }
}

interface EpochWatch extends Watch {
  readonly ticket: Ticket;
}

/** An admitted call whose time is taken, and which is reported at each mark of the trip rule that it is still running at. */
class TimedTicket implements Deadline {
  readonly ticket: Ticket;
  at = Infinity;
  place = -1;
  readonly #layer: CircuitBreakerLayer;
  readonly #started: number;
  readonly #context: AsyncContext | undefined;
  #reportedAt = 0;
  #next = 0;

  constructor(layer: CircuitBreakerLayer, ticket: Ticket) {
    this.#layer = layer;
    this.ticket = ticket;
    this.#started = layer.clock.now();
    this.#context = layer.trip.marks === undefined ? undefined : layer.context();
  }

  /** Waits for the next mark, if there is one. */
  start(): void {
    const mark = this.#layer.trip.marks?.[this.#next];
    if (mark === undefined) return;
    this.at = this.#started + mark;
    deadlineTimer(this.#layer.clock).put(this);
  }

  due(): void {
    const { clock, trip } = this.#layer;
    const reportedAt = this.#reportedAt;
    this.#reportedAt = trip.marks?.[this.#next] ?? 0;
    // The difference may come out a little smaller, by rounding.
    const duration = Math.max(this.#reportedAt, clock.now() - this.#started);
    this.#next += 1;
    this.start();
    const { ticket } = this;
    runIn(this.#context, () => this.#layer.circuit.apply({ kind: 'running', ticket, duration, reportedAt }));
  }

  end(sample: Sample): Sample {
    const { clock } = this.#layer;
    if (this.place >= 0) deadlineTimer(clock).cancel(this);
    return { ...sample, duration: clock.now() - this.#started, reportedAt: this.#reportedAt };
  }
}

function growthOf(openFor: GrowingOpenTime, base: number): OpenTimeGrowth {
  const field = 'circuitBreaker.openFor';
  const { factor = 2, jitter = 0.1, quiet = openFor.cap } = openFor;
  const cap = milliseconds(`${field}.cap`, openFor.cap);
  if (cap < base) throw new ConfigurationError(`${field}.cap`, `at least base (${base} ms)`, openFor.cap);
  if (!(Number.isFinite(factor) && factor >= 1))
    throw new ConfigurationError(`${field}.factor`, 'a number of at least 1', factor);
  if (!(typeof jitter === 'number' && jitter >= 0 && jitter <= 1))
    throw new ConfigurationError(`${field}.jitter`, 'a number from 0 to 1', jitter);
  return { factor, cap, jitter, quiet: milliseconds(`${field}.quiet`, quiet) };
}
