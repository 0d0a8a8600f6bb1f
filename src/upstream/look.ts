import type { BigQueryClient } from '../clients/index.ts';
import { kindOf } from '../errors/index.ts';
import type { Clock } from '../time/index.ts';
import type { UpstreamAnswer } from './answer.ts';
import type { UpstreamCheck } from './check.ts';
import { combine, type FoundRow, foundRow } from './combined-query.ts';
import { gameDate } from './games.ts';
import { judge } from './judge.ts';
import type { UpstreamRequest } from './reader.ts';

export interface LookParts {
  readonly bigquery: BigQueryClient;
  readonly clock: Clock;
  /** The longest one query may take, in milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

type Answers = ReadonlyMap<string, UpstreamAnswer>;

// More in one query, and BigQuery finds it too complex.
const mostRequests = 40;
const maximumBytesBilled = 10 * 2 ** 30;
const day = 86_400_000;
// Box scores of a game are corrected for two days; who asks for an older date fills it in later.
const recentDays = 2;

/** Asks the checks of all requests, in as few queries as can be. Throws nothing but the signal's reason. */
export async function look(parts: LookParts, requests: readonly UpstreamRequest[]): Promise<Answers> {
  const answers = new Map<string, UpstreamAnswer>();
  for (let first = 0; first < requests.length; first += mostRequests) {
    const found = await lookTogether(parts, requests.slice(first, first + mostRequests));
    for (const [key, answer] of found) answers.set(key, answer);
  }
  return answers;
}

async function lookTogether(parts: LookParts, requests: readonly UpstreamRequest[]): Promise<Answers> {
  try {
    return await lookOnce(parts, requests);
  } catch (error) {
    parts.signal.throwIfAborted();
    return requests.length === 1 || asksForLess(error)
      ? allUnknown(requests, error)
      : lookInHalves(parts, requests);
  }
}

/**
 * One bad check must make only its own run unknown, so a batch that failed is halved. But where both halves fail in a way that
 * may pass, it is the warehouse and not a check: nobody asks any further.
 */
async function lookInHalves(parts: LookParts, requests: readonly UpstreamRequest[]): Promise<Answers> {
  const middle = requests.length >> 1;
  const halves = await Promise.all(
    [requests.slice(0, middle), requests.slice(middle)].map(async (half) => {
      try {
        return { half, answers: await lookOnce(parts, half) };
      } catch (error) {
        parts.signal.throwIfAborted();
        return { half, error };
      }
    }),
  );
  const away = halves.every((tried) => 'error' in tried && mayPass(tried.error));
  const answered: (readonly [string, UpstreamAnswer])[] = [];
  for (const tried of halves) {
    if ('answers' in tried) answered.push(...tried.answers);
    else if (away || tried.half.length === 1 || asksForLess(tried.error))
      answered.push(...allUnknown(tried.half, tried.error));
    else answered.push(...(await lookInHalves(parts, tried.half)));
  }
  return new Map(answered);
}

async function lookOnce(parts: LookParts, requests: readonly UpstreamRequest[]): Promise<Answers> {
  const { bigquery, clock, timeout, signal } = parts;
  // What several runs wait for is asked once.
  const asked = new Map<string, UpstreamCheck>();
  for (const { checks } of requests) for (const check of checks) asked.set(questionOf(check), check);
  const { sql, params } = combine([...asked.values()]);
  const rows: readonly FoundRow[] = await bigquery.query(sql, {
    params,
    schema: foundRow,
    timeout,
    signal,
    maximumBytesBilled,
    labels: { breakwater: 'upstream' },
  });
  const wallNow = clock.wallNow();
  const byItem = new Map(rows.map((row) => [row.item, row]));
  const found = new Map([...asked.keys()].map((question, item) => [question, byItem.get(item)]));
  return new Map(
    requests.map(({ key, date, checks, backfill = isBackfill(date, wallNow) }) => {
      const answered = checks.map((check) => [check, found.get(questionOf(check))] as const);
      return [key, judge(answered, { wallNow, backfill })];
    }),
  );
}

/** Checks of one plan are one question, whoever asks it. */
function questionOf({ plan }: UpstreamCheck): string {
  return JSON.stringify(plan);
}

function isBackfill(date: string, wallNow: number): boolean {
  return Date.parse(gameDate(wallNow)) - Date.parse(date) > recentDays * day;
}

function allUnknown(requests: readonly UpstreamRequest[], error: unknown): Answers {
  return new Map(requests.map(({ key }) => [key, { status: 'unknown', error }]));
}

function asksForLess(error: unknown): boolean {
  return kindOf(error) === 'throttled';
}

function mayPass(error: unknown): boolean {
  return ['transient', 'throttled', 'timeout'].includes(kindOf(error));
}
