import type { ServiceCircuitOptions } from '../../clients/index.ts';
import { type ConfigOverrides, type ProcessorOverrides, processorKey } from '../../context/index.ts';
import { ConfigurationError } from '../../errors/index.ts';
import { type Duration, milliseconds } from '../../time/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says of times and thresholds; what it does not say is undefined. */
export interface EnvironmentSettings {
  readonly config: ConfigOverrides;
  readonly circuit: ServiceCircuitOptions;
  readonly timeouts: { readonly http: Duration | undefined; readonly bigquery: Duration | undefined };
  readonly endpoints: Endpoints;
  /** The variables that are set, by the option that each is for. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Where the services are, when not at Google's own addresses: origins such as `http://127.0.0.1:8080`. */
export interface Endpoints {
  readonly bigquery?: string | undefined;
  readonly storage?: string | undefined;
  readonly firestore?: string | undefined;
  readonly logging?: string | undefined;
}

/**
 * Reads the settings that deployments are made with. An empty variable counts as none.
 *
 * @throws ConfigurationError naming the variable.
 */
export function readEnvironment(env: Environment): EnvironmentSettings {
  const failures = count(env, 'CIRCUIT_BREAKER_THRESHOLD');
  const openFor = scaled(env, 'CIRCUIT_BREAKER_TIMEOUT_MINUTES', 'minutes');
  return {
    config: {
      ...(env.K_REVISION ? { version: env.K_REVISION } : {}),
      circuit: { failures, openFor },
      processor: { timeout: scaled(env, 'TIMEOUT_PROCESSOR', 'seconds') },
      processors: ofProcessors(env),
      push: {
        ackDeadline: scaled(env, 'TIMEOUT_ACK_DEADLINE', 'seconds'),
        requestTimeout: scaled(env, 'TIMEOUT_REQUEST', 'seconds'),
      },
    },
    circuit: {
      failures: count(env, 'EXTERNAL_CB_THRESHOLD'),
      openFor: scaled(env, 'EXTERNAL_CB_TIMEOUT_SECONDS', 'seconds'),
      probes: count(env, 'EXTERNAL_CB_HALF_OPEN_MAX_CALLS'),
    },
    timeouts: {
      http: scaled(env, 'TIMEOUT_HTTP_REQUEST', 'seconds'),
      bigquery: scaled(env, 'TIMEOUT_BIGQUERY_QUERY', 'seconds'),
    },
    endpoints: {
      bigquery: origin(env.BIGQUERY_EMULATOR_HOST),
      storage: origin(env.STORAGE_EMULATOR_HOST),
      firestore: origin(env.FIRESTORE_EMULATOR_HOST),
    },
    variables: Object.fromEntries(
      Object.entries(env).flatMap(([name, text]) => {
        const field = text ? fieldOf(name) : undefined;
        return field === undefined ? [] : [[field, name]];
      }),
    ),
  };
}

/** The option that a variable is for, where it may yet turn out not to fit in with others. */
function fieldOf(name: string): string | undefined {
  const [, what, processor] = ofProcessor.exec(name) ?? [];
  if (what === 'TIMEOUT_PROCESSOR' && processor !== undefined)
    return `config.processors.${processorKey(processor)}.timeout`;
  return fields[name];
}

const fields: Readonly<Record<string, string>> = {
  TIMEOUT_PROCESSOR: 'config.processor.timeout',
  TIMEOUT_ACK_DEADLINE: 'config.push.ackDeadline',
  TIMEOUT_REQUEST: 'config.push.requestTimeout',
  TIMEOUT_HTTP_REQUEST: 'timeouts.http',
  TIMEOUT_BIGQUERY_QUERY: 'timeouts.bigquery',
};

/** A whole number of at least 1. */
function count(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
  throw new ConfigurationError(name, 'a whole number of at least 1', text);
}

const units = { seconds: 1_000, minutes: 60_000 } as const;

/** A number of the unit, or a duration such as `30s`; in milliseconds. */
function scaled(env: Environment, name: string, unit: keyof typeof units): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  try {
    return milliseconds(name, /^\d+(\.\d+)?$/.test(text) ? Number(text) * units[unit] : text);
  } catch (cause) {
    const allowed = `a number of ${unit} above zero, or a duration such as '45s'`;
    throw new ConfigurationError(name, allowed, text, { cause });
  }
}

/** What the environment says of single processors: `TIMEOUT_PROCESSOR_<NAME>` and its like. */
function ofProcessors(env: Environment): Readonly<Record<string, ProcessorOverrides>> {
  const processors: Record<string, ProcessorOverrides> = Object.create(null);
  for (const [name, text] of Object.entries(env)) {
    const [, what, processor] = ofProcessor.exec(name) ?? [];
    if (!text || processor === undefined) continue;
    const key = processorKey(processor);
    if (key === '') throw new ConfigurationError(name, "a variable that ends in a processor's name", text);
    const { timeout, circuit } = processors[key] ?? {};
    processors[key] =
      what === 'TIMEOUT_PROCESSOR'
        ? { timeout: scaled(env, name, 'seconds'), circuit }
        : what === 'CIRCUIT_BREAKER_THRESHOLD'
          ? { timeout, circuit: { ...circuit, failures: count(env, name) } }
          : { timeout, circuit: { ...circuit, openFor: scaled(env, name, 'minutes') } };
  }
  return processors;
}

const ofProcessor = /^(TIMEOUT_PROCESSOR|CIRCUIT_BREAKER_THRESHOLD|CIRCUIT_BREAKER_TIMEOUT_MINUTES)_(\w+)$/;

/** The emulators' variables hold a host and port, with or without the scheme. */
function origin(text: string | undefined): string | undefined {
  if (!text) return undefined;
  return /^https?:\/\//.test(text) ? text : `http://${text}`;
}
