import { InvalidDataError } from '../../../errors/index.ts';
import { type Fields, isFields, only, text, type Tree } from './node.ts';
import type { Template } from './shape.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** The parser and the writer. */
export interface Sql {
  parse(sql: string, dialect: 'bigquery' | 'duckdb'): Tree;
  /** In DuckDB's dialect. */
  write(statement: Tree): string;
  readonly template: Template;
}

// What the library's face looks like; it is an optional peer and is loaded with the warehouse.
interface Sdk {
  parse(sql: string, dialect: string): { success: boolean; ast?: unknown; error?: string | undefined };
  generate(
    ast: unknown,
    dialect: string,
  ): { success: boolean; sql?: readonly string[] | undefined; error?: string | undefined };
}

const templatesKept = 1_000;

export async function loadSql(): Promise<Sql> {
  const sdk = (await import('@polyglot-sql/sdk')) as unknown as Sdk;
  const templates = new Map<string, Tree>();
  const parse: Sql['parse'] = (sql, dialect) => {
    if (dialect === 'bigquery') refuseMistaken(sql);
    const { success, ast, error } = sdk.parse(sql, dialect);
    if (!success) throw unreadable(sql, error ?? 'no reason given');
    const statements = ast as Tree[];
    const [statement] = statements;
    if (statements.length !== 1 || statement === undefined)
      throw new UnsupportedSqlError(`${statements.length} statements in one query`, 'one query each');
    return statement;
  };
  return {
    parse,
    write(statement) {
      const { success, sql, error } = sdk.generate([statement], 'duckdb');
      const [written] = sql ?? [];
      if (!success || written === undefined)
        throw new InvalidDataError(`The SQL can't be written for DuckDB: ${error ?? 'no reason given'}`);
      return written;
    },
    template(sql, ...args) {
      let parsed = templates.get(sql);
      if (parsed === undefined) {
        parsed = expressionOf(
          parse(/^\(SELECT .* AS "/.test(sql) ? `SELECT * FROM ${sql}` : `SELECT ${sql}`, 'duckdb'),
        );
        if (templates.size >= templatesKept) templates.clear();
        templates.set(sql, parsed);
      }
      return fill(parsed, args);
    },
  };
}

const texts =
  /'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\//g;

/** What the parser takes for something that BigQuery calls otherwise. */
function refuseMistaken(sql: string): void {
  const bare = sql.replace(texts, "''");
  if (/\bBIGNUMERIC\s*r?''/i.test(bare))
    throw new UnsupportedSqlError('a literal of type BIGNUMERIC', 'NUMERIC');
  const [, name] = /(?<![.\w])(BOOL_AND|BOOL_OR|LCASE|LEN|POSITION|UCASE)\s*\(/i.exec(bare) ?? [];
  if (name !== undefined)
    throw new UnsupportedSqlError(`function ${name.toUpperCase()}`, otherwise[name.toUpperCase()]);
  if (bare.includes('|>')) throw new UnsupportedSqlError('the pipe |>', 'the clauses of a SELECT');
}

const otherwise: Readonly<Record<string, string>> = {
  BOOL_AND: 'LOGICAL_AND',
  BOOL_OR: 'LOGICAL_OR',
  LCASE: 'LOWER',
  LEN: 'LENGTH',
  POSITION: 'STRPOS',
  UCASE: 'UPPER',
};

/** What a statement begins with: `SELECT`, `ALTER TABLE`. */
export function verbOf(sql: string): string {
  const [verb = '', what = ''] = sql
    .replace(/^(?:[\s(]|--.*\n|#.*\n|\/\*[\s\S]*?\*\/)*/, '')
    .toUpperCase()
    .split(/\s+/, 2);
  return ['ALTER', 'CREATE', 'DROP'].includes(verb) ? `${verb} ${what}` : verb;
}

/** The parser does not know all statements that there are. */
function unreadable(sql: string, reason: string): Error {
  const verb = verbOf(sql);
  if (/^[A-Z]+( [A-Z]+)?$/.test(verb) && !readable.has(verb))
    return new UnsupportedSqlError(`statement ${verb}`);
  return new InvalidDataError(`The SQL can't be read: ${reason}`);
}

const readable: ReadonlySet<string> = new Set([
  'SELECT',
  'WITH',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE TABLE',
  'CREATE OR',
  'CREATE VIEW',
  'CREATE SCHEMA',
  'DROP TABLE',
  'DROP VIEW',
]);

/** The one expression of a template's statement, or what it selects from. */
function expressionOf(statement: Tree): Tree {
  const [, fields] = only(statement) ?? ['', {}];
  const { from } = fields as { from?: Fields };
  return ((isFields(from) ? from.expressions : fields.expressions) as Tree[])[0] as Tree;
}

function fill(tree: Tree, args: readonly Tree[]): Tree {
  if (Array.isArray(tree)) return tree.map((inner) => fill(inner, args));
  if (!isFields(tree)) return tree;
  const [kind, fields = {}] = only(tree) ?? [];
  if (kind === 'column' && isFields(fields.name)) {
    const place = /^_([1-9])$/.exec(text(fields.name.name));
    // In brackets, so that what is put in stays one operand.
    if (place !== null) return operand(args[Number(place[1]) - 1] as Tree);
  }
  return Object.fromEntries(Object.entries(tree).map(([key, inner]) => [key, fill(inner, args)]));
}

const whole: ReadonlySet<string> = new Set([
  'column',
  'literal',
  'cast',
  'paren',
  'function',
  'null',
  'boolean',
  'parameter',
]);

function operand(tree: Tree): Tree {
  const [kind = ''] = only(tree) ?? [];
  return whole.has(kind) ? tree : { paren: { this: tree, trailing_comments: [] } };
}
