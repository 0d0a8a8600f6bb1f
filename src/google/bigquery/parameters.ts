import type { ParameterType, QueryParameter, ScalarType } from '../../clients/index.ts';
import { ConfigurationError } from '../../errors/index.ts';

/** A parameter as the REST API takes it. */
export interface WireParameter {
  readonly name: string;
  readonly parameterType: { readonly type: string; readonly arrayType?: { readonly type: string } };
  readonly parameterValue: {
    readonly value?: string | null;
    readonly arrayValues?: readonly { readonly value: string }[];
  };
}

type Given = Readonly<Record<string, QueryParameter>>;
type Declared = Readonly<Record<string, ParameterType>>;

/**
 * The parameters that the query uses, each with its declared type or the one its value tells.
 *
 * @throws ConfigurationError for one that is used and not given, is no parameter, or tells no type where none is declared.
 */
export function queryParameters(sql: string, given: Given, declared: Declared): WireParameter[] {
  return [...parameterNames(sql)].map((name) => {
    const value = given[name];
    if (value === undefined)
      throw new ConfigurationError(`params.${name}`, 'given: the query uses it', undefined);
    return parameter(name, value, declared[name]);
  });
}

// Texts, quoted names and comments, in which an @ means nothing; then names, and system variables, which are none of ours.
const tokens =
  /(?<quoted>[rRbB]{0,2}(?:'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|`(?:\\.|[^`\\])*`|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)|@@[\w.]+|@(?<name>[A-Za-z_]\w*)/g;

/** Names of the parameters in the text. */
export function parameterNames(sql: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { groups } of sql.matchAll(tokens)) if (groups?.name !== undefined) names.add(groups.name);
  return names;
}

function parameter(name: string, value: QueryParameter, declared: ParameterType | undefined): WireParameter {
  if (!Array.isArray(value)) {
    const type = scalarType(declared) ?? typeOf(name, value as string | number | boolean | null);
    return { name, parameterType: { type }, parameterValue: { value: textOf(name, value) } };
  }
  const type = itemType(declared) ?? typeOfItems(name, value);
  const arrayValues = value.map((item) => ({ value: textOf(name, item) as string }));
  return {
    name,
    parameterType: { type: 'ARRAY', arrayType: { type } },
    parameterValue: { arrayValues },
  };
}

function scalarType(declared: ParameterType | undefined): ScalarType | undefined {
  return typeof declared === 'string' ? declared : undefined;
}

function itemType(declared: ParameterType | undefined): ScalarType | undefined {
  return Array.isArray(declared) ? (declared[0] as ScalarType) : undefined;
}

function typeOf(name: string, value: unknown): ScalarType {
  if (typeof value === 'string') return 'STRING';
  if (typeof value === 'boolean') return 'BOOL';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'INT64' : 'FLOAT64';
  if (value === null)
    throw new ConfigurationError(`types.${name}`, 'given: null or an empty list tells none', undefined);
  throw noParameter(name, value);
}

function typeOfItems(name: string, values: readonly unknown[]): ScalarType {
  if (values.length === 0)
    throw new ConfigurationError(`types.${name}`, 'given: null or an empty list tells none', undefined);
  if (new Set(values.map((value) => typeof value)).size > 1 || values.includes(null))
    throw new ConfigurationError(`params.${name}`, 'a list of texts, or of numbers', values);
  const types = values.map((value) => typeOf(name, value));
  return types.includes('FLOAT64') ? 'FLOAT64' : (types[0] as ScalarType);
}

function textOf(name: string, value: unknown): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return String(value);
  throw noParameter(name, value);
}

function noParameter(name: string, value: unknown): ConfigurationError {
  return new ConfigurationError(
    `params.${name}`,
    'a text, a finite number, a boolean, null, or a list of texts or of numbers',
    value,
  );
}
