import { UpstreamUnknownError } from '../errors/index.ts';
import type { Dependency, UpstreamAnswer } from './answer.ts';
import type { CheckPlan, UpstreamCheck } from './check.ts';
import type { FoundRow } from './combined-query.ts';
import { daysText } from './games.ts';

/** When the answer is judged, and whether freshness is asked for. */
export interface Judgement {
  readonly wallNow: number;
  readonly backfill: boolean;
}

interface Verdict {
  readonly dependency: Dependency;
  readonly missing: string | undefined;
  readonly noGames: boolean;
}

const mostNamed = 20;

/** The answer for one run, from what was found for each of its checks. */
export function judge(
  found: readonly (readonly [UpstreamCheck, FoundRow | undefined])[],
  how: Judgement,
): UpstreamAnswer {
  const verdicts: Verdict[] = [];
  for (const [check, row] of found) {
    // A hand-written query without a row has no answer to give.
    if (row === undefined)
      return { status: 'unknown', error: new UpstreamUnknownError(`${check.name}: the query gave no row`) };
    const verdict = judgeOne(check, row, how);
    if (verdict instanceof UpstreamUnknownError) return { status: 'unknown', error: verdict };
    verdicts.push(verdict);
  }
  const dependencies = verdicts.map(({ dependency }) => dependency);
  if (verdicts.some(({ noGames }) => noGames))
    return { status: 'not_ready', reason: 'no_games', missing: [], dependencies };
  const missing = verdicts.flatMap((verdict) => verdict.missing ?? []);
  if (missing.length > 0) return { status: 'not_ready', reason: 'missing', missing, dependencies };
  return { status: 'ready', dependencies };
}

function judgeOne(check: UpstreamCheck, row: FoundRow, how: Judgement): Verdict | UpstreamUnknownError {
  const { plan } = check;
  if (plan.kind === 'query') return judgeQuery(check, row);
  const { found, newest } = row;
  const wanted = plan.kind === 'per_game' ? shareOf(plan.share, row.wanted) : row.wanted;
  const dependency = (ready: boolean, unit: string): Dependency => ({
    name: check.name,
    table: check.tables[0] ?? '',
    ready,
    found,
    wanted,
    unit,
    newest,
  });
  // Rows for each of no games would be "all there": without games there is nothing to work on.
  if (plan.kind !== 'count' && row.wanted === 0) {
    const missing = `${plan.schedule.table} has nothing on ${daysText(plan.range)}, nor before and after it`;
    return {
      dependency: dependency(false, 'games'),
      missing: row.covered ? undefined : missing,
      noGames: row.covered === true,
    };
  }
  if (plan.kind === 'games') {
    const ready = found >= wanted;
    const text = `${plan.schedule.table}: ${found} of ${wanted} games ${plan.final ? 'final' : 'scheduled'}${named(row.missing)}`;
    return { dependency: dependency(ready, 'games'), missing: ready ? undefined : text, noGames: false };
  }
  const unit = plan.kind === 'per_game' ? 'games' : plan.unit;
  const fresh = isFresh(plan, newest, how);
  const enough = found >= wanted;
  const tables =
    plan.kind === 'per_game' ? plan.sources.map(({ table }) => table).join(' or ') : plan.source.table;
  const text = !enough
    ? plan.kind === 'per_game'
      ? `${tables}: rows for ${found} of ${wanted} games${named(row.missing)}`
      : `${tables}: ${found} of ${wanted} ${unit} for ${daysText(plan.range)}`
    : fresh
      ? undefined
      : `${tables}: the newest row is of ${newest ?? 'no time at all'}, too old`;
  return { dependency: dependency(text === undefined, unit), missing: text, noGames: false };
}

// 0.55 × 20 is a little more than 11 in floating point; eleven games are enough.
function shareOf(share: number, games: number): number {
  return Math.ceil(share * games - 1e-9);
}

function judgeQuery(check: UpstreamCheck, row: FoundRow): Verdict | UpstreamUnknownError {
  const shown = JSON.parse(row.detail ?? 'null') as Readonly<Record<string, unknown>> | null;
  const { data_available: available, cnt, newest } = shown ?? {};
  if (typeof available !== 'boolean' && typeof cnt !== 'number') {
    return new UpstreamUnknownError(
      `${check.name}: the query's first row has neither data_available nor cnt`,
    );
  }
  const ready = typeof available === 'boolean' ? available : (cnt as number) > 0;
  const found = typeof cnt === 'number' ? cnt : Number(ready);
  const dependency = {
    name: check.name,
    table: check.tables[0] ?? '',
    ready,
    found,
    wanted: 1,
    unit: 'rows',
    newest: typeof newest === 'string' ? newest : null,
  };
  return { dependency, missing: ready ? undefined : `${check.name}: ${row.detail}`, noGames: false };
}

function isFresh(
  plan: CheckPlan & { kind: 'per_game' | 'count' },
  newest: string | null,
  how: Judgement,
): boolean {
  if (how.backfill) return true;
  const limits = (plan.kind === 'count' ? [plan.source] : plan.sources).map(
    ({ fresherThan }) => fresherThan ?? Infinity,
  );
  const limit = Math.min(...limits);
  return limit === Infinity || (newest !== null && how.wallNow - Date.parse(newest) <= limit);
}

function named(labels: string | null): string {
  const all = labels === null || labels === '' ? [] : labels.split(', ');
  if (all.length === 0) return '';
  const rest = all.length > mostNamed ? `, and ${all.length - mostNamed} more` : '';
  return ` (missing ${all.slice(0, mostNamed).join(', ')}${rest})`;
}
