import type { QueryOptions } from '../../clients/index.ts';
import { ConfigurationError } from '../../errors/index.ts';
import { queryParameters } from './parameters.ts';

/**
 * A query as the configuration of a job.
 *
 * @throws ConfigurationError for parameters or a limit that can't be ones.
 */
export function queryConfiguration(
  sql: string,
  options: Pick<QueryOptions<never>, 'params' | 'types' | 'maximumBytesBilled'>,
  most: number | undefined,
): object {
  const { params = {}, types = {}, maximumBytesBilled = most } = options;
  checkLimit(maximumBytesBilled);
  return {
    query: {
      query: sql,
      useLegacySql: false,
      parameterMode: 'NAMED',
      queryParameters: queryParameters(sql, params, types),
      ...(maximumBytesBilled !== undefined && { maximumBytesBilled: String(maximumBytesBilled) }),
    },
  };
}

/** @throws ConfigurationError for labels that BigQuery does not take. */
export function checkLabels(labels: Readonly<Record<string, string>> | undefined): void {
  for (const [name, value] of Object.entries(labels ?? {})) {
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(name) || !/^[a-z0-9_-]{0,63}$/.test(value))
      throw new ConfigurationError('labels', "lower-case letters, digits, '-' and '_'", `${name}: ${value}`);
  }
}

function checkLimit(bytes: number | undefined): void {
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes > 0))
    throw new ConfigurationError('maximumBytesBilled', 'a whole number of bytes above 0', bytes);
}
