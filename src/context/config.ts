/** Times and thresholds of a context, all with defaults; durations in milliseconds. */
export interface Config {
  /** What the release calls itself in records and beats. */
  readonly version: string;
  /** This machine or instance, in records and beats. */
  readonly host: string;
  /** This process, told apart from every other one that ever was: the holder of its claims. Default: a random id. */
  readonly instance: string;
  readonly heartbeat: {
    /** Between two beats. Default: 60,000, with ±10 % jitter. */
    readonly interval: number;
    readonly staleAfter: number;
    readonly deadAfter: number;
  };
  readonly processor: {
    /** Default: 600,000; a processor's own definition overrides it. */
    readonly timeout: number;
    /** From the time-out until the run settles anyway. Default: 30,000. */
    readonly grace: number;
  };
  /** Processor circuits. Default: 5 failures, 30 minutes. */
  readonly circuit: { readonly failures: number; readonly openFor: number };
  readonly parking: {
    /** From the first parking until the run is given up. Default: 36 hours. */
    readonly giveUpAfter: number;
    /** Between two looks at a parked run's upstream, and the first pause after a failure. Default: 60,000. */
    readonly lookEvery: number;
    /** How many failures give a run up. Default: 10. */
    readonly attempts: number;
  };
}

type Overrides<T> = { readonly [K in keyof T]?: T[K] extends object ? Partial<T[K]> : T[K] };
export type ConfigOverrides = Overrides<Config>;

/** The defaults, with what is given laid over them. */
export function config(overrides: ConfigOverrides = {}): Config {
  return {
    version: overrides.version ?? 'unversioned',
    host: overrides.host ?? 'local',
    instance: overrides.instance ?? globalThis.crypto.randomUUID(),
    heartbeat: { interval: 60_000, staleAfter: 300_000, deadAfter: 900_000, ...overrides.heartbeat },
    processor: { timeout: 600_000, grace: 30_000, ...overrides.processor },
    circuit: { failures: 5, openFor: 1_800_000, ...overrides.circuit },
    parking: { giveUpAfter: 36 * 3_600_000, lookEvery: 60_000, attempts: 10, ...overrides.parking },
  };
}
