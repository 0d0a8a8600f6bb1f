import { ConfigurationError } from '../errors/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';
import {
  count,
  type ProcessorOverrides,
  type ProcessorSettings,
  processorKey,
  processorSettings,
} from './processor-settings.ts';
import { checkPushed, type PushDeadlines, type PushOverrides, pushDeadlines } from './push-deadlines.ts';

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
    /** Without a beat for so long a run is stale. Default: 300,000. */
    readonly staleAfter: number;
    /** Without a beat for so long a run is dead. Default: 900,000. */
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
  /** What single processors have of their own: ask `settingsFor`. Default: nothing. */
  readonly processors: Readonly<Record<string, ProcessorSettings>>;
  /** How long whoever pushes waits: time-outs must fit into it. Default: not known, and pushed runs are cut to fit. */
  readonly push: PushDeadlines;
  readonly parking: {
    /** From the first parking until a run is given up whose upstream is not ready. Default: 36 hours. */
    readonly giveUpAfter: number;
    /** Between two looks at a parked run's upstream, and the first pause after a failure. Default: 60,000. */
    readonly lookEvery: number;
    /** How many failures give a run up. Default: 10. */
    readonly attempts: number;
  };
}

/** What differs from the defaults; a duration is milliseconds or text such as `'30s'`. */
export interface ConfigOverrides {
  readonly version?: string | undefined;
  readonly host?: string | undefined;
  readonly instance?: string | undefined;
  readonly heartbeat?:
    | {
        readonly interval?: Duration | undefined;
        readonly staleAfter?: Duration | undefined;
        readonly deadAfter?: Duration | undefined;
      }
    | undefined;
  readonly processor?:
    | { readonly timeout?: Duration | undefined; readonly grace?: Duration | undefined }
    | undefined;
  readonly circuit?:
    | { readonly failures?: number | undefined; readonly openFor?: Duration | undefined }
    | undefined;
  /** By the processor's name; goes before what its definition says. */
  readonly processors?: Readonly<Record<string, ProcessorOverrides | undefined>> | undefined;
  readonly push?: PushOverrides | undefined;
  readonly parking?:
    | {
        readonly giveUpAfter?: Duration | undefined;
        readonly lookEvery?: Duration | undefined;
        readonly attempts?: number | undefined;
      }
    | undefined;
}

/**
 * The defaults, with what is given laid over them.
 *
 * @throws ConfigurationError naming the field, for what is no duration or no count, or where a beat would come too late to keep
 * a run from being stale, death before staleness, or the end of a pushed run after whoever pushed has stopped waiting.
 */
export function config(overrides: ConfigOverrides = {}): Config {
  const { version = 'unversioned', host = 'local', instance = globalThis.crypto.randomUUID() } = overrides;
  const { heartbeat = {}, processor = {}, circuit = {}, parking = {} } = overrides;
  const { processors = {}, push = {} } = overrides;
  const made: Config = {
    version,
    host,
    instance,
    heartbeat: {
      interval: milliseconds('config.heartbeat.interval', heartbeat.interval ?? '1m'),
      staleAfter: milliseconds('config.heartbeat.staleAfter', heartbeat.staleAfter ?? '5m'),
      deadAfter: milliseconds('config.heartbeat.deadAfter', heartbeat.deadAfter ?? '15m'),
    },
    processor: {
      timeout: milliseconds('config.processor.timeout', processor.timeout ?? '10m'),
      grace: milliseconds('config.processor.grace', processor.grace ?? '30s', { zero: true }),
    },
    circuit: {
      failures: count('config.circuit.failures', circuit.failures ?? 5),
      openFor: milliseconds('config.circuit.openFor', circuit.openFor ?? '30m'),
    },
    processors: processorSettings(processors),
    push: pushDeadlines(push),
    parking: {
      giveUpAfter: milliseconds('config.parking.giveUpAfter', parking.giveUpAfter ?? '36h'),
      lookEvery: milliseconds('config.parking.lookEvery', parking.lookEvery ?? '1m'),
      attempts: count('config.parking.attempts', parking.attempts ?? 10),
    },
  };
  const { interval, staleAfter, deadAfter } = made.heartbeat;
  if (staleAfter <= interval) {
    throw new ConfigurationError(
      'config.heartbeat.staleAfter',
      `longer than the interval (${interval} ms)`,
      staleAfter,
    );
  }
  if (deadAfter < staleAfter) {
    throw new ConfigurationError(
      'config.heartbeat.deadAfter',
      `at least staleAfter (${staleAfter} ms)`,
      deadAfter,
    );
  }
  checkPushed(
    made.push,
    { 'config.processor.timeout': made.processor.timeout, ...ownTimeouts(made.processors) },
    made.processor.grace,
  );
  return made;
}

/** What holds for one processor: its own settings, else its definition's, else the context's. */
export function settingsFor(
  { processor, circuit, processors }: Config,
  { name, timeout, circuit: defined }: Defined,
): { readonly timeout: number; readonly failures: number; readonly openFor: number } {
  const own = processors[processorKey(name)];
  return {
    timeout: own?.timeout ?? timeout ?? processor.timeout,
    failures: own?.circuit.failures ?? defined.failures ?? circuit.failures,
    openFor: own?.circuit.openFor ?? defined.openFor ?? circuit.openFor,
  };
}

/** A processor's definition, as far as it is asked. */
interface Defined {
  readonly name: string;
  readonly timeout: number | undefined;
  readonly circuit: ProcessorSettings['circuit'];
}

function ownTimeouts(processors: Config['processors']): Record<string, number | undefined> {
  return Object.fromEntries(
    Object.entries(processors).map(([key, { timeout }]) => [`config.processors.${key}.timeout`, timeout]),
  );
}
