import type { ServiceCircuitOptions } from '../../clients/index.ts';
import type { ConfigOverrides } from '../../context/index.ts';
import { ConfigurationError } from '../../errors/index.ts';
import { type Duration, milliseconds } from '../../time/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says of times and thresholds; what it does not say is undefined. */
export interface EnvironmentSettings {
  readonly config: ConfigOverrides;
  readonly circuit: ServiceCircuitOptions;
  readonly timeouts: { readonly http: Duration | undefined; readonly bigquery: Duration | undefined };
  readonly endpoints: Endpoints;
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
  const openFor = scaled(env, 'CIRCUIT_BREAKER_TIMEOUT_MINUTES', 60_000);
  return {
    config: {
      ...(env.K_REVISION ? { version: env.K_REVISION } : {}),
      circuit: { failures, openFor },
    },
    circuit: {
      failures: count(env, 'EXTERNAL_CB_THRESHOLD'),
      openFor: scaled(env, 'EXTERNAL_CB_TIMEOUT_SECONDS', 1_000),
      probes: count(env, 'EXTERNAL_CB_HALF_OPEN_MAX_CALLS'),
    },
    timeouts: {
      http: scaled(env, 'TIMEOUT_HTTP_REQUEST', 1_000),
      bigquery: scaled(env, 'TIMEOUT_BIGQUERY_QUERY', 1_000),
    },
    endpoints: {
      bigquery: origin(env.BIGQUERY_EMULATOR_HOST),
      storage: origin(env.STORAGE_EMULATOR_HOST),
      firestore: origin(env.FIRESTORE_EMULATOR_HOST),
    },
  };
}

/** A whole number of at least 1. */
function count(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
  throw new ConfigurationError(name, 'a whole number of at least 1', text);
}

/** A number of the name's own unit, or a duration such as `30s`; in milliseconds. */
function scaled(env: Environment, name: string, unit: number): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  return milliseconds(name, /^[\d.]+$/.test(text) ? Number(text) * unit : text);
}

/** The emulators' variables hold a host and port, with or without the scheme. */
function origin(text: string | undefined): string | undefined {
  if (!text) return undefined;
  return /^https?:\/\//.test(text) ? text : `http://${text}`;
}
