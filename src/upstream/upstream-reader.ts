import type { BigQueryClient, Logger } from '../clients/index.ts';
import { UpstreamUnknownError } from '../errors/index.ts';
import { type Clock, sleep } from '../time/index.ts';
import type { UpstreamAnswer } from './answer.ts';
import { combine, type FoundRow, foundRow } from './combined-query.ts';
import { judge } from './judge.ts';
import type { AskOptions, UpstreamReader, UpstreamRequest } from './reader.ts';

export interface UpstreamReaderOptions {
  readonly bigquery: BigQueryClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an answer is remembered, and so the least time between two looks at a key, in milliseconds. Default: 60,000. */
  readonly interval?: number | undefined;
  /** The longest one query may take, in milliseconds. Default: 30,000. */
  readonly timeout?: number | undefined;
}

interface Remembered {
  readonly answer: UpstreamAnswer;
  readonly at: number;
  readonly request: UpstreamRequest;
  /** A table that it read has new rows: the next question looks again, once. */
  stale: boolean;
}

const mostRemembered = 10_000;
const maximumBytesBilled = 10 * 2 ** 30;
const day = 86_400_000;

/**
 * The reader of upstream checks: combined into one query, single-flight by key, remembered for the interval. A key is looked
 * at once an interval, and once more when a table that it reads was updated; a question beyond that waits for its turn.
 */
export function createUpstreamReader(options: UpstreamReaderOptions): UpstreamReader {
  const { bigquery, clock, logger, interval = 60_000, timeout = 30_000 } = options;
  const remembered = new Map<string, Remembered>();
  const underWay = new Map<string, Promise<UpstreamAnswer>>();
  // Times of the last two looks at a key: never more than two an interval.
  const looks = new Map<string, readonly number[]>();

  async function look(requests: readonly UpstreamRequest[]): Promise<ReadonlyMap<string, UpstreamAnswer>> {
    const checks = requests.flatMap((request) => request.checks);
    const { sql, params } = combine(checks);
    let rows: readonly FoundRow[];
    try {
      rows = await bigquery.query(sql, {
        params,
        schema: foundRow,
        timeout,
        maximumBytesBilled,
        labels: { breakwater: 'upstream' },
      });
    } catch (error) {
      if (requests.length === 1)
        return new Map(requests.map(({ key }) => [key, { status: 'unknown', error }]));
      // One bad check must make only its own run unknown.
      const half = requests.length >> 1;
      return new Map([...(await look(requests.slice(0, half))), ...(await look(requests.slice(half)))]);
    }
    const byItem = new Map(rows.map((row) => [row.item, row]));
    let item = 0;
    return new Map(
      requests.map((request) => {
        const found = request.checks.map((check) => [check, byItem.get(item++)] as const);
        const backfill = request.backfill ?? clock.wallNow() - Date.parse(request.date) > 3 * day;
        return [request.key, judge(found, { wallNow: clock.wallNow(), backfill })];
      }),
    );
  }

  function remember(request: UpstreamRequest, answer: UpstreamAnswer): void {
    remembered.delete(request.key);
    remembered.set(request.key, { answer, at: clock.now(), request, stale: false });
    for (const map of [remembered, looks]) {
      const oldest = map.keys().next();
      if (map.size > mostRemembered && !oldest.done) map.delete(oldest.value);
    }
  }

  /** How long a look at the key must wait to stay within two an interval. */
  function turnIn(key: string): number {
    const [first, second] = looks.get(key) ?? [];
    if (first === undefined || second === undefined) return 0;
    return Math.max(0, first + interval - clock.now());
  }

  function answerAtHand(key: string): UpstreamAnswer | undefined {
    const known = remembered.get(key);
    return known !== undefined && !known.stale && clock.now() - known.at < interval
      ? known.answer
      : undefined;
  }

  async function lookSoon(
    requests: readonly UpstreamRequest[],
  ): Promise<ReadonlyMap<string, UpstreamAnswer>> {
    const wait = Math.max(0, ...requests.map(({ key }) => turnIn(key)));
    if (wait > 0) await sleep(clock, wait);
    for (const { key } of requests) looks.set(key, [...(looks.get(key) ?? []), clock.now()].slice(-2));
    const answers = await look(requests);
    for (const request of requests) {
      const answer = answers.get(request.key) as UpstreamAnswer;
      if (answer.status === 'unknown') {
        logger.warn(`upstream of ${request.key} could not be asked`, {
          key: request.key,
          error: answer.error,
        });
      }
      remember(request, answer);
    }
    return answers;
  }

  return {
    async ask(requests, call = {}) {
      const answers = new Map<string, UpstreamAnswer>();
      const pending: [string, Promise<UpstreamAnswer>][] = [];
      const now: UpstreamRequest[] = [];
      const later: UpstreamRequest[] = [];
      for (const request of requests) {
        const { key } = request;
        const known =
          request.checks.length === 0 ? ({ status: 'ready', dependencies: [] } as const) : answerAtHand(key);
        const flight = underWay.get(key);
        if (known !== undefined) answers.set(key, known);
        else if (flight !== undefined) pending.push([key, flight]);
        else if (turnIn(key) > 0) later.push(request);
        else now.push(request);
      }
      // Those that must wait for their turn don't hold up the others.
      for (const batch of [now, ...later.map((request) => [request])]) {
        if (batch.length === 0) continue;
        const flight = lookSoon(batch);
        for (const { key } of batch) {
          const mine = flight
            .then((found) => found.get(key) as UpstreamAnswer)
            .finally(() => underWay.delete(key));
          underWay.set(key, mine);
          pending.push([key, mine]);
        }
      }
      for (const [key, flight] of pending) answers.set(key, await bounded(clock, flight, call));
      return answers;
    },
    tableUpdated(table, dates) {
      for (const known of remembered.values()) {
        const reads = known.request.checks.some(({ tables }) => tables.includes(table));
        if (reads && (dates.length === 0 || dates.includes(known.request.date))) known.stale = true;
      }
    },
  };
}

/** The answer, or "unknown" at the caller's deadline; the caller's abort leaves the look to the others. */
function bounded(clock: Clock, flight: Promise<UpstreamAnswer>, call: AskOptions): Promise<UpstreamAnswer> {
  const { signal, deadline = Infinity } = call;
  if (signal === undefined && deadline === Infinity) return flight;
  return new Promise((resolve, reject) => {
    const end = () => {
      timer?.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = () => {
      end();
      reject(signal?.reason);
    };
    const late = () => {
      end();
      resolve({
        status: 'unknown',
        error: new UpstreamUnknownError('Upstream gave no answer by the deadline'),
      });
    };
    const timer =
      deadline === Infinity ? undefined : clock.setTimer(Math.max(0, deadline - clock.now()), late);
    if (signal?.aborted) {
      onAbort();
      return;
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    flight.then(
      (answer) => {
        end();
        resolve(answer);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}
