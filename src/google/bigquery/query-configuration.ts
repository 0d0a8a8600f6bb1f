import type { QueryOptions } from '../../clients/index.ts';
import { ConfigurationError } from '../../errors/index.ts';
import { queryParameters } from './parameters.ts';

/** What a query's options leave open. */
export interface QueryDefaults {
  /** Milliseconds. */
  readonly timeout: number;
  readonly maximumBytesBilled: number | undefined;
}

/**
 * A query as the configuration of a job, which BigQuery itself ends after the call's time.
 *
 * @throws ConfigurationError for parameters, labels or a limit that can't be ones.
 */
export function queryConfiguration(
  sql: string,
  { params = {}, types = {}, labels, ...options }: Omit<QueryOptions<never>, 'schema' | 'timeout'>,
  defaults: QueryDefaults,
): object {
  const { maximumBytesBilled = defaults.maximumBytesBilled } = options;
  checkLabels(labels);
  checkLimit(maximumBytesBilled);
  return {
    query: {
      query: sql,
      useLegacySql: false,
      parameterMode: 'NAMED',
      queryParameters: queryParameters(sql, params, types),
      ...(maximumBytesBilled !== undefined && { maximumBytesBilled: String(maximumBytesBilled) }),
    },
    ...(labels !== undefined && { labels }),
    jobTimeoutMs: String(Math.ceil(defaults.timeout)),
  };
}

function checkLabels(labels: Readonly<Record<string, string>> | undefined): void {
  for (const [name, value] of Object.entries(labels ?? {})) {
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(name) || !/^[a-z0-9_-]{0,63}$/.test(value))
      throw new ConfigurationError('labels', "lower-case letters, digits, '-' and '_'", `${name}: ${value}`);
  }
}

function checkLimit(bytes: number | undefined): void {
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes > 0))
    throw new ConfigurationError('maximumBytesBilled', 'a whole number of bytes above 0', bytes);
}
