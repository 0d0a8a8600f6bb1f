/**
 * A circuit breaker written as one reads its description, to compare the real one to: it keeps everything that ever happened,
 * and works its state out of it. Slow on purpose.
 */
export class NaiveBreaker {
  readonly #failures: number;
  readonly #openFor: number;
  readonly #probes: number;
  readonly #successes: number;
  readonly #probeTimeout: number;
  state: 'closed' | 'open' | 'half-open' | 'isolated' = 'closed';
  epoch = 0;
  #inARow = 0;
  #openUntil = 0;
  #succeeded = 0;
  #underWay = new Map<number, number>();
  #names = 0;

  constructor(options: {
    readonly failures: number;
    readonly openFor: number;
    readonly probes: number;
    readonly successes: number;
    readonly probeTimeout: number;
  }) {
    this.#failures = options.failures;
    this.#openFor = options.openFor;
    this.#probes = options.probes;
    this.#successes = options.successes;
    this.#probeTimeout = options.probeTimeout;
  }

  get probing(): number {
    return this.#underWay.size;
  }

  /** Anybody looks: a probe whose time is up has failed. */
  look(now: number): void {
    if (this.state !== 'half-open') return;
    if ([...this.#underWay.values()].some((end) => end <= now)) this.#open(now);
  }

  /** What stands for the admitted call; undefined if it is not admitted. */
  call(now: number): { readonly epoch: number; readonly probe: number | undefined } | undefined {
    this.look(now);
    if (this.state === 'open' && now >= this.#openUntil) this.#become('half-open');
    if (this.state === 'closed') return { epoch: this.epoch, probe: undefined };
    if (this.state !== 'half-open' || this.#underWay.size >= this.#probes) return undefined;
    this.#names += 1;
    this.#underWay.set(this.#names, now + this.#probeTimeout);
    return { epoch: this.epoch, probe: this.#names };
  }

  ends(
    call: { readonly epoch: number; readonly probe: number | undefined },
    how: 'success' | 'failure' | 'ignored',
    now: number,
  ): void {
    this.look(now);
    if (call.epoch !== this.epoch) return;
    if (call.probe === undefined) {
      if (how === 'success') this.#inARow = 0;
      if (how === 'failure') this.#inARow += 1;
      if (this.#inARow >= this.#failures) this.#open(now);
      return;
    }
    this.#underWay.delete(call.probe);
    if (how === 'failure') this.#open(now);
    if (how !== 'success') return;
    this.#succeeded += 1;
    if (this.#succeeded >= this.#successes) this.#become('closed');
  }

  ready(now: number): void {
    this.look(now);
    if (this.state === 'open') this.#become('half-open');
  }

  isolate(now: number): void {
    this.look(now);
    if (this.state !== 'isolated') this.#become('isolated');
  }

  release(): void {
    if (this.state === 'isolated') this.#become('closed');
  }

  reset(now: number): void {
    this.look(now);
    this.#become('closed');
  }

  /** Comes back as it was `saved`, with no probe under way and no earlier call counting. */
  restored(saved: Saved, now: number): void {
    this.#become(saved.state === 'isolated' ? 'open' : saved.state);
    this.#openUntil = saved.state === 'isolated' ? now + this.#openFor : saved.openUntil;
    this.#inARow = saved.inARow;
    this.#succeeded = saved.succeeded;
  }

  saved(): Saved {
    return {
      state: this.state,
      openUntil: this.#openUntil,
      inARow: this.#inARow,
      succeeded: this.#succeeded,
    };
  }

  #open(now: number): void {
    this.#become('open');
    this.#openUntil = now + this.#openFor;
  }

  #become(state: NaiveBreaker['state']): void {
    this.state = state;
    this.epoch += 1;
    this.#inARow = 0;
    this.#succeeded = 0;
    this.#underWay = new Map();
  }
}

export interface Saved {
  readonly state: NaiveBreaker['state'];
  readonly openUntil: number;
  readonly inARow: number;
  readonly succeeded: number;
}
