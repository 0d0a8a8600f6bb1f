import * as policies from 'breakwater/policy';
import type { Attempt } from 'breakwater/policy';

// What a page does with the policies; the test reads the results from it.

const { bulkhead, circuitBreaker, compose, consecutiveFailures, constant, fallback } = policies;
const { hedge, rateLimiter, retry, singleFlight, timeout } = policies;

const away = () => Promise.reject(new TypeError('Failed to fetch'));

function untilAborted({ signal }: Attempt): Promise<string> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

async function tellAll(): Promise<Record<string, unknown>> {
  const caller = new AbortController();
  const pipeline = compose(
    fallback(() => 'substitute'),
    retry({ attempts: 3, backoff: constant(10) }),
    circuitBreaker({ name: 'api', trip: consecutiveFailures(2), openFor: '1h' }),
    timeout({ after: '50ms' }),
  );
  const attempts: number[] = [];
  const places = bulkhead({ limit: 1, queue: 10 });
  const limiter = rateLimiter({ limit: 1, per: '20ms', wait: '1s' });
  const joined = singleFlight();
  let asked = 0;
  const ask = () => joined.execute(async () => ++asked, { key: 'slate' });
  const givenUp = retry().executeOutcome(untilAborted, { signal: caller.signal });
  caller.abort('closed the page');
  return {
    pipeline: await pipeline.execute((attempt) => {
      attempts.push(attempt.attempt);
      return untilAborted(attempt);
    }),
    attempts,
    retried: await retry({
      attempts: 3,
      backoff: constant(10),
      handle: ({ ok }) => !ok,
    }).execute(({ attempt }) => (attempt < 3 ? away() : `attempt ${attempt}`)),
    places: await Promise.all([1, 2, 3].map((number) => places.execute(async () => number))),
    turns: await Promise.all([1, 2, 3].map((number) => limiter.execute(async () => number))),
    hedged: await hedge({ after: '20ms' }).execute((attempt) =>
      asked++ === 0 ? untilAborted(attempt) : 'the second',
    ),
    joined: new Set(await Promise.all([ask(), ask(), ask()])).size,
    givenUp: await givenUp,
  };
}

const { document, process } = globalThis as unknown as {
  readonly document: { readonly body: { textContent: string } };
  readonly process?: unknown;
};
document.body.textContent = JSON.stringify(
  await tellAll().then(
    (results) => ({ node: process !== undefined, ...results }),
    (error: unknown) => ({ error: String(error) }),
  ),
);
