import type { BigQueryClient, Logger } from '../clients/index.ts';
import { UpstreamUnknownError } from '../errors/index.ts';
import { type Clock, sleep } from '../time/index.ts';
import type { UpstreamAnswer } from './answer.ts';
import { isTouchedBy } from './check.ts';
import { look } from './look.ts';
import { Looks } from './looks.ts';
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

/** A question that was asked: its answer counts for the same checks of the same key. */
interface Question {
  readonly request: UpstreamRequest;
  readonly asked: string;
  /** The query is out; until then it will see all rows of which anybody tells. */
  departed: boolean;
  /** When the query went out. */
  at: number;
  /** A table that it reads has had new rows since the query went out. */
  outdated: boolean;
}

interface Remembered extends Question {
  readonly answer: UpstreamAnswer;
}

interface Flight extends Question {
  readonly answer: Promise<UpstreamAnswer>;
  readonly batch: Batch;
}

/** The questions that go out together. When nobody waits for any of them the query is cancelled. */
interface Batch {
  readonly controller: AbortController;
  waiting: number;
}

const mostRemembered = 10_000;
const nothingToAsk: UpstreamAnswer = { status: 'ready', dependencies: [] };

/**
 * The reader of upstream checks: combined into one query, single-flight by key, remembered for the interval. A key is looked
 * at once an interval, and once more when a table that it reads was updated; a question beyond that waits for its turn.
 */
export function createUpstreamReader(options: UpstreamReaderOptions): UpstreamReader {
  const { bigquery, clock, logger, interval = 60_000, timeout = 30_000 } = options;
  const remembered = new Map<string, Remembered>();
  const underWay = new Map<string, Flight>();
  const looks = new Looks(clock, interval);

  async function lookInTurn(
    questions: readonly Question[],
    updated: boolean,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, UpstreamAnswer>> {
    const turnIn = () => Math.max(...questions.map(({ request }) => looks.turnIn(request.key, updated)));
    // Somebody else may have had the turn that this one waited for.
    for (let wait = turnIn(); wait > 0; wait = turnIn()) await sleep(clock, wait, signal);
    for (const question of questions) {
      question.departed = true;
      question.at = clock.now();
      looks.take(question.request.key);
    }
    const answers = await look(
      { bigquery, clock, timeout, signal },
      questions.map(({ request }) => request),
    );
    for (const question of questions) {
      const { request } = question;
      const answer = answers.get(request.key) as UpstreamAnswer;
      if (answer.status === 'unknown') {
        const { error } = answer;
        logger.warn(`upstream of ${request.key} could not be asked`, { key: request.key, error });
      }
      remembered.delete(request.key);
      remembered.set(request.key, { ...question, answer });
      const oldest = remembered.keys().next();
      if (remembered.size > mostRemembered && !oldest.done) remembered.delete(oldest.value);
    }
    return answers;
  }

  /** Sends the requests out together; those who wait for their keys find the flights. */
  function depart(requests: readonly UpstreamRequest[], updated: boolean): readonly Flight[] {
    const batch: Batch = { controller: new AbortController(), waiting: 0 };
    const questions = requests.map((request) => ({
      request,
      asked: textOf(request),
      departed: false,
      at: 0,
      outdated: false,
    }));
    const landed = lookInTurn(questions, updated, batch.controller.signal);
    return questions.map((question) => {
      const { key } = question.request;
      const flight: Flight = Object.assign(question, {
        batch,
        answer: landed
          .then((answers) => answers.get(key) as UpstreamAnswer)
          .finally(() => {
            if (underWay.get(key) === flight) underWay.delete(key);
          }),
      });
      // One that everybody has left ends with nobody to tell.
      flight.answer.catch(() => {});
      underWay.set(key, flight);
      return flight;
    });
  }

  /** The answer for one who waits; the last to leave before it is there cancels the look. */
  async function waitFor(flight: Flight, call: AskOptions): Promise<UpstreamAnswer> {
    const { batch } = flight;
    batch.waiting++;
    try {
      return await bounded(clock, flight.answer, call);
    } finally {
      batch.waiting--;
      if (batch.waiting === 0)
        batch.controller.abort(new UpstreamUnknownError('Nobody waits for the answer'));
    }
  }

  return {
    async ask(requests, call = {}) {
      call.signal?.throwIfAborted();
      const answers = new Map<string, UpstreamAnswer>();
      const flights = new Map<string, Flight>();
      const now: UpstreamRequest[] = [];
      const later: [UpstreamRequest, boolean][] = [];
      for (const request of new Map(requests.map((request) => [request.key, request])).values()) {
        const { key, checks, anew } = request;
        const asked = textOf(request);
        const known = remembered.get(key);
        const flight = underWay.get(key);
        const isFresh = known !== undefined && clock.now() - known.at < interval && anew === undefined;
        if (checks.length === 0) answers.set(key, nothingToAsk);
        else if (flight !== undefined && flight.asked === asked && isWorthJoining(flight))
          flights.set(key, flight);
        else if (isFresh && known.asked === asked && !known.outdated) answers.set(key, known.answer);
        else {
          const updated = anew === 'updated' || known?.outdated === true || flight?.outdated === true;
          if (looks.turnIn(key, updated) > 0) later.push([request, updated]);
          else now.push(request);
        }
      }
      // Those that must wait for their turn don't hold up the others.
      const departures = [
        ...(now.length > 0 ? depart(now, true) : []),
        ...later.flatMap(([request, updated]) => depart([request], updated)),
      ];
      for (const flight of departures) flights.set(flight.request.key, flight);
      await Promise.all(
        [...flights].map(async ([key, flight]) => answers.set(key, await waitFor(flight, call))),
      );
      return answers;
    },
    tableUpdated(table, dates) {
      for (const question of [...remembered.values(), ...underWay.values()])
        if (question.request.checks.some((check) => isTouchedBy(check, table, dates)))
          question.outdated = true;
    },
  };
}

function isWorthJoining({ outdated, batch }: Flight): boolean {
  return !outdated && !batch.controller.signal.aborted;
}

function textOf({ checks, backfill }: UpstreamRequest): string {
  return JSON.stringify([backfill, checks.map(({ name, plan }) => [name, plan])]);
}

/** The answer, or "unknown" at the caller's deadline; the caller's abort leaves the look to the others. */
async function bounded(
  clock: Clock,
  answer: Promise<UpstreamAnswer>,
  { signal, deadline = Infinity }: AskOptions,
): Promise<UpstreamAnswer> {
  let letGo = () => {};
  const left = new Promise<UpstreamAnswer>((resolve, reject) => {
    const late = new UpstreamUnknownError('Upstream gave no answer by the deadline');
    const timer =
      deadline === Infinity
        ? undefined
        : clock.setTimer(Math.max(0, deadline - clock.now()), () =>
            resolve({ status: 'unknown', error: late }),
          );
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    letGo = () => {
      timer?.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([answer, left]);
  } finally {
    letGo();
  }
}
