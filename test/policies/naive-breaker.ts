import type { NaiveCall, NaiveRule } from './naive-rules.ts';

export type NaiveState = 'closed' | 'open' | 'half-open' | 'isolated';

export interface NaiveSettings {
  readonly rule: NaiveRule;
  readonly openFor: {
    readonly base: number;
    readonly cap: number;
    readonly factor: number;
    readonly jitter: number;
    readonly quiet: number;
  };
  /** What chance gives, each time. */
  readonly chance: number;
  readonly probes: number;
  readonly successes: number;
  readonly probeTimeout: number;
}

export interface NaiveTicket extends NaiveCall {
  readonly epoch: number;
  readonly probe: boolean;
}

interface Turn {
  readonly to: 'open' | 'closed' | 'isolated';
  readonly at: number;
}

/** What a snapshot of it holds. */
export interface Saved {
  readonly state: NaiveState;
  readonly openUntil: number;
  readonly counted: readonly NaiveCall[];
  readonly succeeded: number;
  readonly turns: readonly Turn[];
}

/**
 * A circuit breaker written as one reads its description, to compare the real one to: it keeps everything that ever happened,
 * and works its state out of it. Slow on purpose.
 */
export class NaiveBreaker {
  state: NaiveState = 'closed';
  epoch = 0;
  /** When it admits probes, if it is open. */
  openUntil = 0;
  readonly moves: string[] = [];
  readonly #settings: NaiveSettings;
  /** All that were ever let through, in the order in which they ended; those that run are last. */
  #calls: NaiveTicket[] = [];
  /** What was counted, and who had succeeded, before a snapshot was taken that has been restored. */
  #restored: { readonly counted: readonly NaiveCall[]; readonly succeeded: number } = nothing;
  #turns: readonly Turn[] = [];

  constructor(settings: NaiveSettings) {
    this.#settings = settings;
  }

  /** Probes at work. */
  get probing(): readonly NaiveTicket[] {
    return this.#calls.filter(({ epoch, probe, end }) => probe && epoch === this.epoch && end === undefined);
  }

  /** Those of all epochs whose time is not up, from before a snapshot was restored too: each has a place. */
  places(now: number): readonly NaiveTicket[] {
    const { probeTimeout } = this.#settings;
    return this.running.filter(({ probe, from }) => probe && from + probeTimeout > now);
  }

  get running(): readonly NaiveTicket[] {
    return this.#calls.filter(({ end }) => end === undefined);
  }

  /** When a call that is turned away now may come again. */
  retryAfter(now: number): number | undefined {
    if (this.state === 'isolated') return undefined;
    if (this.state === 'open') return this.openUntil - now;
    return Math.min(...this.places(now).map(({ from }) => from + this.#settings.probeTimeout)) - now;
  }

  /** Time has passed: calls that still run have become slow one after the other, and somebody looks in the end. */
  passed(before: number, now: number): void {
    const { marks } = this.#settings.rule;
    const due = this.running.flatMap((call) => marks.map((mark) => ({ call, at: call.from + mark })));
    due.sort((one, other) => one.at - other.at);
    for (const { call, at } of due.filter(({ at }) => at > before && at <= now)) {
      this.#look(at);
      if (call.epoch === this.epoch) this.#judge(at);
    }
    this.#look(now);
  }

  /** What stands for the admitted call; undefined if it is not admitted. */
  call(now: number): NaiveTicket | undefined {
    this.#look(now);
    if (this.state === 'open' && now >= this.openUntil) this.#become('half-open');
    const free = this.state === 'half-open' && this.places(now).length < this.#settings.probes;
    if (this.state !== 'closed' && !free) return undefined;
    const ticket = { epoch: this.epoch, probe: free, from: now, end: undefined, how: undefined };
    this.#calls.push(ticket);
    return ticket;
  }

  ends(call: NaiveTicket, how: 'success' | 'failure' | 'ignored', now: number): void {
    this.#look(now);
    call.end = now;
    call.how = how;
    const running = this.running;
    this.#calls = [...this.#calls.filter((one) => one !== call && one.end !== undefined), call, ...running];
    if (call.epoch !== this.epoch || how === 'ignored') return;
    if (!call.probe) this.#judge(now);
    else if (how === 'failure') this.#open(now);
    else if (this.#succeeded() >= this.#settings.successes) this.#close(now);
  }

  ready(): void {
    if (this.state === 'open') this.#become('half-open');
  }

  isolate(now: number): void {
    if (this.state === 'isolated') return;
    this.#turns = [...this.#turns, { to: 'isolated', at: now }];
    this.#become('isolated');
  }

  release(now: number): void {
    if (this.state === 'isolated') this.#close(now);
  }

  /** Closed, and as good as new; or that, and at once isolated again. */
  reset(now: number, held: boolean): void {
    this.#turns = [];
    if (!held) this.#close(now);
    else {
      this.#turns = [{ to: 'isolated', at: now }];
      this.#become('isolated');
    }
  }

  saved(now: number): Saved {
    return {
      state: this.state,
      openUntil: this.openUntil,
      // Whatever becomes of those that run is none of the snapshot's.
      counted: this.#counted().map((call) =>
        call.end === undefined ? { ...call, end: now, how: 'ignored' } : { ...call },
      ),
      succeeded: this.#succeeded(),
      turns: this.#turns,
    };
  }

  /**
   * Comes back as it was `saved`, with no probe of its own under way and no earlier call counting, though those at work keep
   * their places; isolated only if it still is.
   */
  restored(saved: Saved, isolated: boolean, now: number): void {
    const alone = saved.state === 'isolated' && !isolated;
    const [before, told] = [this.state, this.moves.length];
    this.#become(alone ? 'open' : saved.state);
    this.openUntil = alone ? now + this.#settings.openFor.base : saved.openUntil;
    this.#restored = { counted: saved.counted, succeeded: saved.succeeded };
    this.#turns = saved.turns;
    if (isolated) this.isolate(now);
    // Nobody hears of the state between.
    this.moves.splice(told, Infinity, ...(this.state === before ? [] : [`${before} to ${this.state}`]));
  }

  /** A probe whose time is up has failed then, whenever anybody looks. */
  #look(now: number): void {
    const ends = this.probing.map(({ from }) => from + this.#settings.probeTimeout);
    const first = Math.min(...ends);
    if (first <= now) this.#open(first);
  }

  #judge(now: number): void {
    if (this.state === 'closed' && this.#settings.rule.opens(this.#counted(), now)) this.#open(now);
  }

  #counted(): readonly NaiveCall[] {
    if (this.state !== 'closed') return [];
    return [...this.#restored.counted, ...this.#calls.filter(({ epoch }) => epoch === this.epoch)];
  }

  #succeeded(): number {
    const ofNow = this.#calls.filter(({ epoch, probe }) => probe && epoch === this.epoch);
    return this.#restored.succeeded + ofNow.filter(({ how }) => how === 'success').length;
  }

  #open(now: number): void {
    const { base, cap, factor, jitter } = this.#settings.openFor;
    const time = Math.min(cap, base * factor ** this.#grown(now));
    this.#turns = [...this.#turns, { to: 'open', at: now }];
    this.#become('open');
    this.openUntil = now + time * (1 + jitter * this.#settings.chance);
  }

  #close(now: number): void {
    this.#turns = [...this.#turns, { to: 'closed', at: now }];
    this.#become('closed');
  }

  /** How often the open time has grown: once an opening until it is at the cap, less what each quiet time took back. */
  #grown(now: number): number {
    const { base, cap, factor, quiet } = this.#settings.openFor;
    let steps = 0;
    let closedAt: number | undefined;
    for (const { to, at } of [...this.#turns, { to: 'now', at: now }]) {
      if (closedAt !== undefined) steps = Math.max(0, steps - Math.floor((at - closedAt) / quiet));
      closedAt = to === 'closed' ? at : undefined;
      if (to === 'open' && base * factor ** steps < cap) steps += 1;
    }
    return steps;
  }

  #become(state: NaiveState): void {
    if (state !== this.state) this.moves.push(`${this.state} to ${state}`);
    this.state = state;
    this.epoch += 1;
    this.#restored = nothing;
  }
}

const nothing = { counted: [], succeeded: 0 } as const;
