import { type Call, forms, stringOf } from './call.ts';
import { dateFunctions } from './dates.ts';
import { textOnly } from './guards.ts';
import { type Fields, isEmpty, nameOf, only, text, type Tree } from './node.ts';
import type { Shape, Shapes, Walk } from './shape.ts';
import { outputName } from './expressions.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

const pattern = (name: string, sql: (groups: number) => string): Call => {
  return ([value, regexp, ...others], { template, visit }) => {
    const source = stringOf(regexp, `${name} with a pattern that is no literal`);
    const groups = groupsOf(source);
    if (others.length > (name === 'REGEXP_REPLACE' ? 1 : 0) || (groups > 1 && name !== 'REGEXP_REPLACE'))
      throw new UnsupportedSqlError(`${name} with ${groups > 1 ? 'more than one group' : 'a place'}`);
    if (groups === 1 && name.startsWith('REGEXP_EXTRACT') && mayStandAside(source))
      throw new UnsupportedSqlError(`${name} of a group that need not take part`, 'a group that must');
    return template(sql(groups), visit(value), visit(regexp), ...others.map(visit));
  };
};

/** Functions that the parser has no kind of their own for. */
export const functions: Readonly<Record<string, Call>> = {
  ...dateFunctions,
  // Numbers.
  SIGN: forms('sign(_1)'),
  TRUNC: forms('trunc(_1)'),
  POWER: forms('bq_finite(pow(CAST(_1 AS DOUBLE), CAST(_2 AS DOUBLE)))'),
  LOG10: forms('log10(CAST(_1 AS DOUBLE))'),
  DIV: forms('bq_div(_1, _2)'),
  // One NULL makes the whole NULL; DuckDB passes over it.
  GREATEST: extreme('greatest'),
  LEAST: extreme('least'),
  NULLIF: forms('nullif(_1, _2)'),
  // Text.
  CONCAT: (args, { template, visit }) =>
    args
      .map((arg) => textOnly(visit(arg), template))
      .reduce((joined, next) => template('_1 || _2', joined, next)),
  REPLACE: forms('replace(_1, _2, _3)'),
  LTRIM: forms('ltrim(_1, bq_blanks())', 'ltrim(_1, _2)'),
  RTRIM: forms('rtrim(_1, bq_blanks())', 'rtrim(_1, _2)'),
  LPAD: forms(
    `lpad(_1, CAST(bq_negative_length(_2, 'LPAD') AS INTEGER), ' ')`,
    `lpad(_1, CAST(bq_negative_length(_2, 'LPAD') AS INTEGER), _3)`,
  ),
  RPAD: forms(
    `rpad(_1, CAST(bq_negative_length(_2, 'RPAD') AS INTEGER), ' ')`,
    `rpad(_1, CAST(bq_negative_length(_2, 'RPAD') AS INTEGER), _3)`,
  ),
  REPEAT: forms(`repeat(_1, bq_negative_length(_2, 'REPEAT'))`),
  LEFT: forms(`"left"(_1, bq_negative_length(_2, 'LEFT'))`),
  RIGHT: forms(`"right"(_1, bq_negative_length(_2, 'RIGHT'))`),
  SPLIT: forms(`string_split(_1, ',')`, 'string_split(_1, _2)'),
  REGEXP_CONTAINS: forms('regexp_matches(_1, _2)'),
  REGEXP_EXTRACT: pattern('REGEXP_EXTRACT', (groups) => `bq_regexp_extract(_1, _2, ${groups})`),
  REGEXP_EXTRACT_ALL: pattern('REGEXP_EXTRACT_ALL', (groups) => `regexp_extract_all(_1, _2, ${groups})`),
  REGEXP_REPLACE: pattern('REGEXP_REPLACE', () => `regexp_replace(_1, _2, _3, 'g')`),
  TO_HEX: digest,
  TO_JSON_STRING: forms('bq_json(_1)'),
  // Lists and structs.
  ARRAY_TO_STRING: forms('bq_array_to_string(_1, _2)'),
  ARRAY_CONCAT: forms('bq_array_concat(_1, _2)'),
  GENERATE_ARRAY: forms(
    'generate_series(bq_whole(_1), bq_whole(_2))',
    'generate_series(bq_whole(_1), bq_whole(_2), bq_step(_3))',
  ),
  STRUCT: struct,
};

const single = (sql: string): Shape => ({
  fields: { this: 'node', original_name: 'keep', name: 'keep' },
  rewrite: (fields, { template }) => template(sql, fields.this as Tree),
});

/** Functions that have. */
export const functionShapes: Shapes = {
  function: {
    fields: { name: 'keep', args: 'keep', no_parens: 'keep' },
    rewrite: call,
  },
  abs: single('abs(_1)'),
  floor: single('floor(_1)'),
  ceil: single('ceil(_1)'),
  sqrt: single('sqrt(CAST(_1 AS DOUBLE))'),
  exp: single('bq_finite(exp(CAST(_1 AS DOUBLE)))'),
  ln: single('ln(CAST(_1 AS DOUBLE))'),
  power: {
    fields: { this: 'node', expression: 'node' },
    rewrite: ({ this: base, expression }, { template }) =>
      template('bq_finite(pow(CAST(_1 AS DOUBLE), CAST(_2 AS DOUBLE)))', base as Tree, expression as Tree),
  },
  round: { fields: { this: 'node', decimals: 'keep' }, rewrite: rounded },
  lower: single('lower(_1)'),
  upper: single('upper(_1)'),
  length: single('length(_1)'),
  array_length: single('len(_1)'),
  trim: {
    fields: { this: 'node', characters: 'node', position: 'keep' },
    rewrite: ({ this: it, characters, position }, { template }) => {
      if (position !== 'Both') throw new UnsupportedSqlError(`TRIM of ${String(position)}`);
      return isEmpty(characters)
        ? template('trim(_1, bq_blanks())', it as Tree)
        : template('trim(_1, _2)', it as Tree, characters as Tree);
    },
  },
  substring: {
    fields: { this: 'node', start: 'node', length: 'node' },
    rewrite: ({ this: it, start, length }, { template }) =>
      isEmpty(length)
        ? template('substring(_1, bq_place(_1, _2))', it as Tree, start as Tree)
        : template(
            `substring(_1, bq_place(_1, _2), bq_negative_length(_3, 'SUBSTR'))`,
            it as Tree,
            start as Tree,
            length as Tree,
          ),
  },
  starts_with: pair('starts_with(_1, _2)'),
  ends_with: pair('suffix(_1, _2)'),
  str_position: {
    fields: { this: 'node', substr: 'node' },
    rewrite: ({ this: it, substr }, { template }) => template('strpos(_1, _2)', it as Tree, substr as Tree),
  },
  json_value: jsonValue(),
  json_extract_scalar: jsonValue(),
};

function pair(sql: string): Shape {
  return {
    fields: { this: 'node', expression: 'node' },
    rewrite: ({ this: a, expression: b }, { template }) => template(sql, a as Tree, b as Tree),
  };
}

function jsonValue(): Shape {
  return {
    fields: { this: 'node', path: 'keep' },
    rewrite: ({ this: json, path }, { template, visit }) => {
      const place = stringOf(path, 'JSON_VALUE with a path that is no literal');
      if (!/^\$(\.[A-Za-z_]\w*|\[\d+\])*$/.test(place))
        throw new UnsupportedSqlError(`the JSON path ${place}`);
      return template('bq_json_value(_1, _2)', json as Tree, visit(path));
    },
  };
}

function call({ name, args }: Fields, walk: Walk): Tree {
  const called = text(name).toUpperCase();
  const known = Object.hasOwn(functions, called) ? functions[called] : undefined;
  if (known === undefined) throw new UnsupportedSqlError(`function ${called}`, instead[called]);
  try {
    return known((args ?? []) as Tree[], walk);
  } catch (error) {
    if (error instanceof UnsupportedSqlError && error.construct.startsWith('a call'))
      throw new UnsupportedSqlError(`${called} in ${error.construct}`);
    throw error;
  }
}

const instead: Readonly<Record<string, string>> = {
  FORMAT: 'CONCAT and CAST',
  FARM_FINGERPRINT: 'TO_HEX(SHA256(…))',
  SHA256: 'TO_HEX(SHA256(…))',
  MD5: 'TO_HEX(MD5(…))',
  'SAFE.PARSE_DATE': 'SAFE_CAST(… AS DATE)',
};

function extreme(name: string): Call {
  return (args, { template, visit }) => {
    if (args.length < 1 || args.length > 9)
      throw new UnsupportedSqlError(`a call with ${args.length} arguments`);
    const all = args.map((_, index) => `_${index + 1}`);
    const none = all.map((place) => `${place} IS NULL`).join(' OR ');
    return template(`CASE WHEN ${none} THEN NULL ELSE ${name}(${all.join(', ')}) END`, ...args.map(visit));
  };
}

function digest([bytes]: readonly Tree[], { template, visit }: Walk): Tree {
  const [kind, fields = {}] = only(bytes) ?? [];
  const algorithm = kind === 'function' ? text(fields.name).toUpperCase() : '';
  const [value] = (fields.args ?? []) as Tree[];
  if ((algorithm !== 'SHA256' && algorithm !== 'MD5') || value === undefined)
    throw new UnsupportedSqlError('TO_HEX of other than SHA256 or MD5');
  return template(`${algorithm.toLowerCase()}(_1)`, visit(value));
}

/** A struct's fields have the names that they are given, or those of the columns. */
function struct(args: readonly Tree[], { template, visit }: Walk): Tree {
  const fields = args.map((arg): readonly [string, Tree] => {
    const [kind, alias = {}] = only(arg) ?? [];
    const name = kind === 'alias' ? nameOf(alias.alias) : outputName(arg);
    if (name === undefined || !/^[A-Za-z_]\w*$/.test(name))
      throw new UnsupportedSqlError('a STRUCT with a field that has no name', 'STRUCT(… AS name)');
    return [name, visit(kind === 'alias' ? alias.this : arg)];
  });
  if (fields.length === 0 || fields.length > 9)
    throw new UnsupportedSqlError(`a STRUCT of ${fields.length} fields`, 'one to nine of them');
  const members = fields.map(([name], index) => `'${name}': _${index + 1}`);
  return template(`{${members.join(', ')}}`, ...fields.map(([, value]) => value));
}

function rounded({ this: value, decimals }: Fields, { template }: Walk): Tree {
  if (isEmpty(decimals)) return template('round(_1)', value as Tree);
  const [kind, fields = {}] = only(decimals) ?? [];
  const digits = kind === 'literal' ? text(fields.value) : '';
  if (!/^\d+$/.test(digits) || Number(digits) > 15)
    throw new UnsupportedSqlError('ROUND to other than 0 to 15 decimals, given as a number');
  return template(`bq_round(_1, ${digits})`, value as Tree);
}

function groupsOf(source: string): number {
  return bones(source).match(/\((?!\?)/g)?.length ?? 0;
}

/** Whether the one group may match nothing at all: of that BigQuery gives NULL, DuckDB an empty text. */
function mayStandAside(source: string): boolean {
  const bare = bones(source);
  const begin = bare.search(/\((?!\?)/);
  let depth = 0;
  let end = begin;
  for (; end < bare.length; end++) {
    if (bare[end] === '(') depth += 1;
    if (bare[end] === ')' && --depth === 0) break;
  }
  const outside = bare.slice(0, begin) + bare.slice(end + 1);
  return outside.includes('|') || /^(?:[?*]|\{0)/.test(bare.slice(end + 1)) || /\)(?:[?*]|\{0)/.test(outside);
}

/** A pattern without what is escaped or in brackets. */
function bones(source: string): string {
  return source.replace(/\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]/g, '.');
}
