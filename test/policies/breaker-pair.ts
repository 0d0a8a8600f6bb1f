import { getEventListeners } from 'node:events';
import { expect } from 'vitest';
import { CircuitOpenError } from '../../src/errors/index.ts';
import {
  type CircuitBreaker,
  type CircuitRecord,
  circuitBreaker,
  type Outcome,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { BreakerStep, Ending, Rules, Way } from './breaker-steps.ts';
import { NaiveBreaker, type NaiveSettings, type NaiveTicket, type Saved } from './naive-breaker.ts';
import { transient } from './operations.ts';

/** Which ends of a call count as what: by default, and by a `handle` that says otherwise of each. */
const meaning = {
  byDefault: {
    value: 'success',
    'bad value': 'success',
    away: 'failure',
    wrong: 'ignored',
    abort: 'ignored',
  },
  byHandle: { value: 'success', 'bad value': 'failure', away: 'ignored', wrong: 'failure', abort: 'ignored' },
} as const;

const reversed = (outcome: Outcome<unknown>) =>
  outcome.ok ? outcome.value === 'bad' : outcome.error instanceof TypeError;

export interface PairSettings
  extends Pick<NaiveSettings, 'chance' | 'probes' | 'successes' | 'probeTimeout'> {
  readonly rules: Rules;
  readonly openFor: number | NaiveSettings['openFor'];
  readonly handles: keyof typeof meaning;
}

interface UnderWay {
  readonly ticket: NaiveTicket;
  readonly caller: AbortController | undefined;
  readonly resolve: (value: string) => void;
  readonly reject: (error: unknown) => void;
  /** What it settled with, each time that it did. */
  readonly settled: unknown[];
}

/** A breaker and its model, to which the same is done; each step compares what comes of it, and the record's own invariants. */
export class BreakerPair {
  readonly #clock = new VirtualClock();
  readonly #breaker: CircuitBreaker;
  readonly #model: NaiveBreaker;
  readonly #settings: PairSettings;
  readonly #moves: string[] = [];
  readonly #holds: Disposable[] = [];
  #underWay: UnderWay[] = [];
  #saved: { readonly record: CircuitRecord; readonly model: Saved } | undefined;

  constructor(settings: PairSettings) {
    const { rules, openFor, chance, handles, ...rest } = settings;
    this.#settings = settings;
    this.#breaker = circuitBreaker({
      ...rest,
      name: 'model',
      trip: rules.real,
      openFor,
      random: () => chance,
      clock: this.#clock,
      ...(handles === 'byHandle' && { handle: reversed }),
      on: (event) => event.kind === 'moved' && this.#moves.push(`${event.from} to ${event.to}`),
    });
    const fixed =
      typeof openFor === 'number' ? { base: openFor, cap: openFor, factor: 1, jitter: 0, quiet: 1 } : openFor;
    this.#model = new NaiveBreaker({ ...rest, chance, rule: rules.naive, openFor: fixed });
  }

  async take(step: BreakerStep): Promise<void> {
    if (step.kind === 'call') await this.call(step.way);
    else if (step.kind === 'end') await this.end(step.which, step.how);
    else if (step.kind === 'call and end') await this.callAndEnd(step.way, step.how);
    else if (step.kind === 'pass') await this.pass(step.time);
    else if (step.kind === 'wait until admitted') await this.waitUntilAdmitted();
    else if (step.kind === 'step the wall') this.#clock.stepWall(step.by);
    else this[step.kind]();
  }

  private async call(way: Way): Promise<void> {
    const ticket = this.#model.call(this.#clock.now());
    const caller = way === 'plain' ? undefined : new AbortController();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const settled: unknown[] = [];
    let admitted = false;
    const operation = () => {
      admitted = true;
      return promise;
    };
    const options = caller && { signal: caller.signal };
    const note = (what: unknown) => settled.push(what);
    if (way === 'as an outcome')
      this.#breaker
        .executeOutcome(operation, options)
        .then((outcome) => note(outcome.ok ? outcome.value : outcome.error), note);
    else this.#breaker.execute(operation, options).then(note, note);
    expect(admitted).toBe(ticket !== undefined);
    if (ticket !== undefined) {
      this.#underWay.push({ ticket, caller, resolve, reject, settled });
      return;
    }
    await flush();
    expect(settled).toHaveLength(1);
    const [rejection] = settled as [CircuitOpenError];
    expect(rejection).toBeInstanceOf(CircuitOpenError);
    expect(rejection.retryAfter).toBe(this.#model.retryAfter(this.#clock.now()));
  }

  private async callAndEnd(way: Way, how: Ending): Promise<void> {
    const { length } = this.#underWay;
    await this.call(way);
    if (this.#underWay.length > length) await this.end(length, how);
  }

  /** Ends one of those that are under way. */
  private async end(which: number, how: Ending): Promise<void> {
    const { length } = this.#underWay;
    const one = this.#underWay[which % length];
    if (one === undefined || (how === 'abort' && one.caller === undefined)) return;
    this.#underWay = this.#underWay.filter((other) => other !== one);
    const before = this.#breaker.snapshot();
    const reason =
      how === 'value'
        ? 'good'
        : how === 'bad value'
          ? 'bad'
          : how === 'away'
            ? transient()
            : new TypeError(how);
    if (how === 'abort') one.caller?.abort(reason);
    else if (typeof reason === 'string') one.resolve(reason);
    else one.reject(reason);
    await flush();
    this.#model.ends(one.ticket, meaning[this.#settings.handles][how], this.#clock.now());
    // Settled once, with what came of it, and whoever may abort it is not listened to any more.
    expect(one.settled).toEqual([reason]);
    if (one.caller) expect(getEventListeners(one.caller.signal, 'abort')).toHaveLength(0);
    // The result of another epoch changes nothing, but that a probe's place is given back.
    const after = this.#breaker.snapshot();
    if (one.ticket.epoch !== this.#model.epoch && before.epoch === after.epoch)
      expect({ ...after, lingering: undefined }).toEqual({ ...before, lingering: undefined });
  }

  private async pass(time: number): Promise<void> {
    const before = this.#clock.now();
    await this.#clock.advance(time);
    // Somebody looks.
    void this.#breaker.state;
    this.#model.passed(before, this.#clock.now());
  }

  private async waitUntilAdmitted(): Promise<void> {
    if (this.#model.state === 'open')
      await this.pass(Math.max(0, this.#model.retryAfter(this.#clock.now()) ?? 0));
  }

  private isolate(): void {
    this.#holds.push(this.#breaker.isolate());
    this.#model.isolate(this.#clock.now());
  }

  private release(): void {
    const hold = this.#holds.pop();
    if (hold === undefined) return;
    hold[Symbol.dispose]();
    hold[Symbol.dispose]();
    if (this.#holds.length === 0) this.#model.release(this.#clock.now());
  }

  private reset(): void {
    this.#breaker.reset();
    this.#model.reset(this.#clock.now(), this.#holds.length > 0);
  }

  private ready(): void {
    this.#breaker.ready();
    this.#model.ready();
  }

  private snapshot(): void {
    const record = JSON.parse(JSON.stringify(this.#breaker.snapshot())) as CircuitRecord;
    this.#saved = { record, model: this.#model.saved(this.#clock.now()) };
  }

  private restore(): void {
    if (this.#saved === undefined) return;
    this.#breaker.restore(this.#saved.record);
    this.#model.restored(this.#saved.model, this.#holds.length > 0, this.#clock.now());
  }

  /** That both are in the same state, and that the record's own invariants hold. */
  check(): void {
    expect(this.#breaker.state).toBe(this.#model.state);
    expect(this.#moves).toEqual(this.#model.moves);
    const { probes, successes, rules } = this.#settings;
    const record = this.#breaker.snapshot();
    expect(record.probes).toHaveLength(this.#model.probing.length);
    const inTime = record.lingering.filter(({ expires }) => expires > this.#clock.now());
    expect(record.probes.length + inTime.length).toBe(this.#model.places(this.#clock.now()).length);
    expect(record.probes.length + inTime.length).toBeLessThanOrEqual(probes);
    expect(record.lingering.length).toBeLessThanOrEqual(probes);
    expect(record.successes).toBeLessThan(successes);
    if (record.state !== 'half-open') expect([record.probes, record.successes]).toEqual([[], 0]);
    const { openUntil } = this.#model;
    expect(record.openUntil).toBe(record.state === 'open' ? openUntil : null);
    // Nothing of ours is left of what has settled: one timer at most, and none unless a call may become slow.
    const mayBecomeSlow = rules.real.marks !== undefined && this.#underWay.length > 0;
    expect(this.#clock.pendingTimers).toBeLessThanOrEqual(mayBecomeSlow ? 1 : 0);
    for (const { settled } of this.#underWay) expect(settled).toEqual([]);
  }
}

/** Lets everything follow that does so without the time passing. */
function flush(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
