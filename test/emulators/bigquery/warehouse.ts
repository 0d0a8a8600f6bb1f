import * as duckdb from '@duckdb/node-api';
import type { ParameterType, QueryParameter, ScalarType } from '../../../src/clients/index.ts';
import { InvalidDataError, ServiceError } from '../../../src/errors/index.ts';
import type { WireParameter } from '../../../src/google/bigquery/parameters.ts';
import type { WireField, WireRow } from '../../../src/google/bigquery/wire.ts';
import { Connections, type Session } from '../../../src/local/warehouse/connections.ts';
import { loadTranslator, type Translator } from '../../../src/local/warehouse/dialect/translate.ts';
import { rowsOf } from '../../../src/local/warehouse/ndjson.ts';
import { boundParameters } from '../../../src/local/warehouse/parameters.ts';
import { append, batchSize, quoted, tableOf } from '../../../src/local/warehouse/table.ts';
import { realClock } from '../../../src/time/index.ts';
import { assertionOf, type Step, stepsOf } from './script.ts';
import { wireCell, wireField } from './wire-values.ts';

export interface Result {
  readonly fields: readonly WireField[];
  readonly rows: readonly WireRow[];
}

export interface WireQuery {
  readonly query: string;
  readonly queryParameters?: readonly WireParameter[];
}

/** BigQuery's SQL on DuckDB, by the same translation as the embedded warehouse, with results as the REST API gives them. */
export class EmulatedWarehouse {
  readonly #instance: duckdb.DuckDBInstance;
  readonly #connections: Connections;
  readonly #translate: Translator;
  readonly #now: () => number;
  readonly #failing: { readonly match: RegExp; readonly reason: string }[] = [];

  private constructor(instance: duckdb.DuckDBInstance, translate: Translator, now: () => number) {
    this.#instance = instance;
    this.#connections = new Connections(instance, realClock);
    this.#translate = translate;
    this.#now = now;
  }

  static async open(now: () => number): Promise<EmulatedWarehouse> {
    const instance = await duckdb.DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      memory_limit: '2GB',
      threads: '2',
    });
    return new EmulatedWarehouse(instance, await loadTranslator(), now);
  }

  async close(): Promise<void> {
    await this.#connections.close();
    this.#instance.closeSync();
  }

  /** The next statement that matches fails with the reason, wherever it is in a script. */
  failStatement(match: RegExp, reason: string): void {
    this.#failing.push({ match, reason });
  }

  /** One query, or a script: its statements are committed one by one, those of a transaction together. An error ends it. */
  async query(query: WireQuery, signal: AbortSignal): Promise<Result> {
    const steps = stepsOf(query.query);
    const [only] = steps;
    const parameters = parametersOf(query.queryParameters ?? []);
    if (steps.length === 1 && typeof only === 'string' && this.#isSelect(only, parameters))
      return this.#connections.read(boundedBy(signal), async (session) => {
        await this.#tellTime(session);
        return this.#statement(session, only, parameters);
      });
    return this.#connections.writeInSteps(boundedBy(signal), async (session) => {
      await this.#tellTime(session);
      let result: Result = { fields: [], rows: [] };
      for (const step of steps) {
        if (typeof step === 'string') result = await this.#inScript(session, step, parameters);
        else result = await this.#inTransaction(session, step, parameters, result);
      }
      return result;
    });
  }

  async fieldsOf(table: string, signal: AbortSignal): Promise<readonly WireField[]> {
    return this.#connections.read(boundedBy(signal), async (session) => {
      const { columns } = await tableOf(session, table);
      return columns.map(({ name, type, repeated, nullable }) => ({
        name,
        type,
        mode: repeated ? 'REPEATED' : nullable ? 'NULLABLE' : 'REQUIRED',
      }));
    });
  }

  createTable(table: string, fields: readonly WireField[], signal: AbortSignal): Promise<Result> {
    const columns = fields.map(({ name, type, mode }) => {
      const full = mode === 'REPEATED' ? `ARRAY<${type}>` : type;
      return `\`${name}\` ${full}${mode === 'REQUIRED' ? ' NOT NULL' : ''}`;
    });
    return this.query({ query: `CREATE TABLE ${table} (${columns.join(', ')})` }, signal);
  }

  dropTable(table: string, signal: AbortSignal): Promise<Result> {
    return this.query({ query: `DROP TABLE ${table}` }, signal);
  }

  load(table: string, lines: Buffer, truncate: boolean, signal: AbortSignal): Promise<number> {
    return this.#connections.write(boundedBy(signal), async (session) => {
      const target = await tableOf(session, table);
      if (truncate) await session.run(`DELETE FROM ${target.name}`);
      let loaded = 0;
      for await (const rows of rowsOf(lines, target.columns, 'rows', batchSize, session.signal)) {
        await append(session, target, rows);
        loaded += rows.length;
      }
      return loaded;
    });
  }

  copy(from: string, to: string, truncate: boolean, signal: AbortSignal): Promise<void> {
    return this.#connections.write(boundedBy(signal), async (session) => {
      const [source, target] = [await tableOf(session, from), await tableOf(session, to)];
      if (truncate) await session.run(`DELETE FROM ${target.name}`);
      const columns = target.columns.map(({ name }) => quoted(name)).join(', ');
      await session.run(`INSERT INTO ${target.name} (${columns}) SELECT ${columns} FROM ${source.name}`);
    });
  }

  #tellTime(session: Session): Promise<void> {
    return session.run(`SET VARIABLE bq_now = TIMESTAMPTZ '${new Date(this.#now()).toISOString()}'`);
  }

  #isSelect(statement: string, { types }: Parameters): boolean {
    return assertionOf(statement) === undefined && this.#translate(statement, types).kind === 'select';
  }

  async #inTransaction(
    session: Session,
    { transaction, committed }: Exclude<Step, string>,
    parameters: Parameters,
    before: Result,
  ): Promise<Result> {
    let result = before;
    const work = async () => {
      for (const statement of transaction) {
        if (/^(CREATE|DROP|ALTER)\b(?! TEMP)/i.test(statement))
          throw invalidQuery('A transaction takes no statement that defines a table');
        result = await this.#inScript(session, statement, parameters);
      }
      if (!committed) throw new RolledBack();
    };
    await session.transaction(work).catch((error: unknown) => {
      if (!(error instanceof RolledBack)) throw error;
    });
    return result;
  }

  async #inScript(session: Session, statement: string, parameters: Parameters): Promise<Result> {
    const failing = this.#failing.findIndex(({ match }) => match.test(statement));
    const [failure] = failing < 0 ? [] : this.#failing.splice(failing, 1);
    if (failure !== undefined)
      throw new ServiceError(`${failure.reason} in a statement`, {
        service: 'bigquery',
        kind: 'permanent',
        code: failure.reason,
      });
    const assertion = assertionOf(statement);
    if (assertion === undefined) return this.#statement(session, statement, parameters);
    const { rows } = await this.#statement(session, assertion.query, parameters);
    if (rows[0]?.f[0]?.v === 'true') return { fields: [], rows: [] };
    throw invalidQuery(assertion.message);
  }

  async #statement(session: Session, sql: string, { values, types, declared }: Parameters): Promise<Result> {
    const statement = this.#translate(sql, types);
    const bound = boundParameters(duckdb, statement.params, values, declared);
    if (statement.kind !== 'select') {
      if (statement.dataset !== undefined)
        await session.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(statement.dataset)}`);
      await session.run(statement.sql, bound.values, bound.types);
      return { fields: [], rows: [] };
    }
    return session.prepared(statement.sql, async (prepared) => {
      if (Object.keys(bound.values).length > 0) prepared.bind(bound.values, bound.types);
      const reader = await prepared.runAndReadAll();
      const names = reader.columnNames();
      const columnTypes = reader.columnTypes();
      if (new Set(names).size < names.length)
        throw new InvalidDataError(
          `Duplicate column names in the result are not supported: ${names.join(', ')}`,
        );
      return {
        fields: names.map((name, index) => wireField(name, columnTypes[index] as duckdb.DuckDBType)),
        rows: reader.getRows().map((row) => ({
          f: row.map((value, index) => wireCell(value, columnTypes[index] as duckdb.DuckDBType)),
        })),
      };
    });
  }
}

/** Undoes what a transaction did that is not committed. */
class RolledBack extends Error {}

function invalidQuery(message: string): ServiceError {
  return new ServiceError(message, { service: 'bigquery', kind: 'permanent', code: 'invalidQuery' });
}

interface Parameters {
  readonly values: Record<string, QueryParameter>;
  /** What the translation casts to. */
  readonly types: Record<string, ParameterType>;
  readonly declared: Record<string, ParameterType>;
}

/** Types that a value tells by itself are not cast to: as in BigQuery, a text then serves for a date. */
const told: ReadonlySet<string> = new Set(['STRING', 'INT64', 'BOOL']);

function parametersOf(wire: readonly WireParameter[]): Parameters {
  const parameters: Parameters = { values: {}, types: {}, declared: {} };
  for (const { name, parameterType, parameterValue } of wire) {
    const { type, arrayType } = parameterType;
    const scalar = (arrayType?.type ?? type) as ScalarType;
    const declared: ParameterType = arrayType === undefined ? scalar : [scalar];
    const texts = parameterValue.arrayValues?.map(({ value }) => value);
    const value = texts ?? (arrayType === undefined ? (parameterValue.value ?? null) : []);
    parameters.declared[name] = declared;
    parameters.values[name] = Array.isArray(value)
      ? (value.map((text) => plainOf(scalar, text)) as QueryParameter)
      : value === null
        ? null
        : plainOf(scalar, value as string);
    if (!told.has(scalar) || value === null || value.length === 0) parameters.types[name] = declared;
  }
  return parameters;
}

function plainOf(type: ScalarType, text: string): string | number | boolean {
  if (type === 'BOOL') return text === 'true';
  return type === 'INT64' || type === 'FLOAT64' || type === 'NUMERIC' ? Number(text) : text;
}

function boundedBy(signal: AbortSignal) {
  return { signal, timeout: Infinity };
}
