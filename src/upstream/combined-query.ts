import { z } from 'zod';
import type { QueryParameter } from '../clients/index.ts';
import type { CheckPlan, RowSource, UpstreamCheck } from './check.ts';
import { coverage, joinColumnOf, wantedGames } from './games.ts';

/** Many checks as one query: a row each, told apart by `item`. */
export interface CombinedQuery {
  readonly sql: string;
  readonly params: Readonly<Record<string, QueryParameter>>;
}

/** What comes back for each check. */
export const foundRow = z.object({
  item: z.number(),
  found: z.number(),
  wanted: z.number(),
  newest: z.string().nullable(),
  /** Labels of what is missing, separated by `, `. */
  missing: z.string().nullable(),
  /** The schedule demonstrably covers the days; null where there is no schedule. */
  covered: z.boolean().nullable(),
  /** The first row of a hand-written query, as JSON. */
  detail: z.string().nullable(),
});
export type FoundRow = z.infer<typeof foundRow>;

/** Names parameters so that those of different checks don't meet: `p0_1`, `p0_2`, … */
class Parameters {
  readonly values: Record<string, QueryParameter> = {};
  #count = 0;

  add(value: QueryParameter, name = `p${this.#count++}`): string {
    this.values[name] = value;
    return `@${name}`;
  }
}

/** Every value goes as a named parameter; identifiers were validated when the check was declared. */
export function combine(checks: readonly UpstreamCheck[]): CombinedQuery {
  const parameters = new Parameters();
  const parts = checks.map(({ plan }, item) => selectOf(plan, item, parameters));
  return { sql: parts.join('\nUNION ALL\n'), params: parameters.values };
}

function selectOf(plan: CheckPlan, item: number, parameters: Parameters): string {
  switch (plan.kind) {
    case 'games':
      return gamesSelect(plan, item, parameters);
    case 'per_game':
      return perGameSelect(plan, item, parameters);
    case 'count':
      return countSelect(plan, item, parameters);
    case 'query':
      return querySelect(plan, item, parameters);
  }
}

function gamesSelect(plan: CheckPlan & { kind: 'games' }, item: number, parameters: Parameters): string {
  const first = day(parameters.add(plan.range.startDate));
  const last = day(parameters.add(plan.range.endDate));
  const found = plan.final ? 'COUNTIF(is_final)' : 'COUNT(*)';
  const missing = plan.final
    ? "STRING_AGG(CASE WHEN is_final THEN NULL ELSE label END, ', ' ORDER BY label)"
    : 'CAST(NULL AS STRING)';
  return `SELECT ${item} AS item, found, wanted, newest, missing, covered, CAST(NULL AS STRING) AS detail
    FROM (SELECT ${found} AS found, COUNT(*) AS wanted, MAX(processed_at) AS newest, ${missing} AS missing
      FROM (${wantedGames(plan.schedule, first, last)}) AS games) AS counted
    CROSS JOIN (${coverage(plan.schedule, first, last)}) AS known`;
}

function perGameSelect(plan: CheckPlan & { kind: 'per_game' }, item: number, parameters: Parameters): string {
  const first = day(parameters.add(plan.range.startDate));
  const last = day(parameters.add(plan.range.endDate));
  const joinColumn = joinColumnOf(plan.schedule);
  const counted = plan.sources.map((source, index) => {
    const grouped = `SELECT ${joinColumn} AS join_key, ${countOf(source)} AS n, MAX(processed_at) AS newest FROM ${source.table}
      WHERE ${source.dateColumn} BETWEEN ${first} AND ${last}${conditions(source, parameters)} GROUP BY ${joinColumn}`;
    return { alias: `s${index}`, grouped, wanted: parameters.add(source.atLeast) };
  });
  const there = counted.map(({ alias, wanted }) => `COALESCE(${alias}.n, 0) >= ${wanted}`).join(' OR ');
  const newest = counted.map(({ alias }) => `${alias}.newest`);
  const joins = counted.map(
    ({ alias, grouped }) => `LEFT JOIN (${grouped}) AS ${alias} ON ${alias}.join_key = games.join_key`,
  );
  return `SELECT ${item} AS item, found, wanted, newest, missing, covered, CAST(NULL AS STRING) AS detail
    FROM (SELECT COUNTIF(is_there) AS found, COUNT(*) AS wanted, MAX(newest) AS newest,
        STRING_AGG(CASE WHEN is_there THEN NULL ELSE label END, ', ' ORDER BY label) AS missing
      FROM (SELECT games.label, (${there}) AS is_there, COALESCE(${newest.join(', ')}) AS newest
        FROM (${wantedGames(plan.schedule, first, last)}) AS games
        ${joins.join('\n        ')}) AS judged) AS counted
    CROSS JOIN (${coverage(plan.schedule, first, last)}) AS known`;
}

function countSelect(plan: CheckPlan & { kind: 'count' }, item: number, parameters: Parameters): string {
  const first = day(parameters.add(plan.range.startDate));
  const last = day(parameters.add(plan.range.endDate));
  const { source } = plan;
  return `SELECT ${item} AS item, ${countOf(source)} AS found, ${parameters.add(source.atLeast)} AS wanted, MAX(processed_at) AS newest,
      CAST(NULL AS STRING) AS missing, CAST(NULL AS BOOL) AS covered, CAST(NULL AS STRING) AS detail
    FROM ${source.table} WHERE ${source.dateColumn} BETWEEN ${first} AND ${last}${conditions(source, parameters)}`;
}

function querySelect(plan: CheckPlan & { kind: 'query' }, item: number, parameters: Parameters): string {
  const renamed = renameParameters(plan.sql, (name) =>
    Object.hasOwn(plan.params, name) ? `q${item}_${name}` : name,
  );
  for (const [name, value] of Object.entries(plan.params)) parameters.add(value, `q${item}_${name}`);
  return `(SELECT ${item} AS item, 0 AS found, 0 AS wanted, CAST(NULL AS TIMESTAMP) AS newest, CAST(NULL AS STRING) AS missing,
      CAST(NULL AS BOOL) AS covered, TO_JSON_STRING(answer) AS detail FROM (${renamed}
    ) AS answer LIMIT 1)`;
}

// Text in quotes, quoted names and comments are passed over: an at-sign in them is no parameter.
const tokens =
  /'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|@([A-Za-z_][A-Za-z0-9_]*)/g;

function renameParameters(sql: string, rename: (name: string) => string): string {
  return sql.replace(tokens, (token, name: string | undefined) =>
    name === undefined ? token : `@${rename(name)}`,
  );
}

function countOf({ distinct }: RowSource): string {
  return distinct === undefined ? 'COUNT(*)' : `COUNT(DISTINCT ${distinct})`;
}

function conditions({ where }: RowSource, parameters: Parameters): string {
  return Object.entries(where)
    .map(([column, value]) => ` AND ${column} = ${parameters.add(value)}`)
    .join('');
}

function day(parameter: string): string {
  return `CAST(${parameter} AS DATE)`;
}
