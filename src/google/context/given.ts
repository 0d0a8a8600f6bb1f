import { processorKey } from '../../context/index.ts';
import { ConfigurationError } from '../../errors/index.ts';
import type { GoogleContextOptions } from './create-google-context.ts';
import type { Environment } from './environment.ts';

/** @throws ConfigurationError naming the option. */
export function checkGiven({ project, location, bucket, database, logger }: GoogleContextOptions): void {
  check('project', project, "a project's id", /^[a-z][a-z0-9.:-]{1,62}$/);
  check('location', location, "a location such as 'US'", /^[A-Za-z][A-Za-z0-9-]*$/);
  if (bucket !== undefined)
    check('bucket', bucket, "a bucket's name", /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/);
  if (database !== undefined)
    check(
      'database',
      database,
      "'(default)', or a database's id",
      /^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/,
    );
  if (logger !== undefined && logger !== 'cloud_logging' && !isLogger(logger))
    throw new ConfigurationError('logger', "a logger or 'cloud_logging'", logger);
}

function check(field: string, value: unknown, allowed: string, shape: RegExp): void {
  if (typeof value !== 'string' || !shape.test(value)) throw new ConfigurationError(field, allowed, value);
}

function isLogger(value: unknown): boolean {
  const methods = ['debug', 'info', 'warn', 'error', 'child'] as const;
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}

/**
 * What `work` gives, whose ConfigurationErrors name the environment's variable where the value came from it.
 *
 * @param variables Those that are set, by the field that they are for.
 */
export function namingVariables<T>(
  options: GoogleContextOptions,
  env: Environment,
  variables: Readonly<Record<string, string>>,
  work: () => T,
): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const variable = variables[error.field];
    if (variable === undefined || isInCode(options, error.field.split('.'))) throw error;
    throw new ConfigurationError(variable, error.allowed, env[variable], { cause: error });
  }
}

function isInCode(options: object, path: readonly string[]): boolean {
  let value: unknown = options;
  for (const [index, name] of path.entries()) {
    if (typeof value !== 'object' || value === null) return false;
    const fields = Object.entries(value as object);
    // Processors have their names in whatever way they are written.
    const isProcessor = path[index - 1] === 'processors';
    value = fields.find(([field]) => field === name || (isProcessor && processorKey(field) === name))?.[1];
  }
  return value !== undefined;
}
