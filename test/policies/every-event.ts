import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

// Makes every event of every policy happen, told to a listener or to none, and reports how often each object of the policies'
// code that is such an event was built, by V8's own count. A process of its own, as V8 counts only what is compiled while it does.

/** What happened, as the process reports it. */
export interface Report {
  readonly heard: readonly string[];
  readonly outcomes: readonly unknown[];
  /** By kind, over all places in the code where an object of it is made. */
  readonly built: Readonly<Record<string, readonly number[]>>;
  /** At how many places in the code a listener is told. */
  readonly told: number;
}

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
const policies = await import('../../src/policy/index.ts');

const heard: string[] = [];
const outcomes = await everyEvent(
  process.argv[2] === 'heard' ? (event) => heard.push(event.kind) : undefined,
);
process.send?.({ heard, outcomes, ...(await countBuilt()) } satisfies Report);
session.disconnect();
process.disconnect();

async function everyEvent(on: ((event: { readonly kind: string }) => void) | undefined) {
  const { bulkhead, circuitBreaker, constant, consecutiveFailures, fallback } = policies;
  const { hedge, rateLimiter, retry, timeout } = policies;
  const clock = new VirtualClock();
  const hanging = () => new Promise<never>(() => {});
  const failing = () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNRESET' }));
  const succeeding = () => 'there';

  const places = bulkhead({ limit: 1, queue: 1, queueTimeout: '1s', clock, on });
  const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(1), clock, on });
  const limiter = rateLimiter({ limit: 1, wait: '1s', clock, on });
  let hedged = 0;
  const calls = [
    places.executeOutcome(hanging),
    places.executeOutcome(hanging),
    places.executeOutcome(hanging),
    fallback(() => 'substitute', { clock, on }).executeOutcome(failing),
    hedge({ after: '1s', clock, on }).executeOutcome(() => (hedged++ === 0 ? hanging() : 'second')),
    limiter.executeOutcome(succeeding),
    limiter.executeOutcome(succeeding),
    limiter.executeOutcome(succeeding),
    retry({ attempts: 2, backoff: constant('1s'), clock, on }).executeOutcome(failing),
    timeout({ after: '1s', clock, on }).executeOutcome(hanging),
    timeout({ after: '1s', grace: '1s', clock, on }).executeOutcome(hanging),
    breaker.executeOutcome(failing),
    clock.advance(0).then(() => breaker.executeOutcome(succeeding)),
    clock.advance(0).then(() => breaker.executeOutcome(succeeding, {})),
  ];
  await clock.advance('1m');
  // The first has its place for ever.
  const ended = await Promise.all(calls.slice(1));
  return ended.map((outcome) => String('error' in outcome ? outcome.error : outcome.value));
}

async function countBuilt(): Promise<Pick<Report, 'built' | 'told'>> {
  const { result: scripts } = await session.post('Profiler.takePreciseCoverage');
  const built: Record<string, number[]> = {};
  let told = 0;
  for (const { url, functions } of scripts) {
    if (!url.includes('/src/policy/')) continue;
    const code = readFileSync(new URL(url), 'utf8');
    if (!url.endsWith('/listen.ts')) told += [...code.matchAll(/\btell\(/g)].length;
    const ranges = functions.flatMap((each) => each.ranges);
    for (const { index, 1: kind = '' } of code.matchAll(/\{\s*kind: '(\w+)'/g)) {
      const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= index && index < endOffset);
      const innermost = around.reduce((a, b) =>
        b.endOffset - b.startOffset < a.endOffset - a.startOffset ? b : a,
      );
      built[kind] = [...(built[kind] ?? []), innermost.count];
    }
  }
  return { built, told };
}
