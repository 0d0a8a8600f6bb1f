// One of several processes on one state file: probes circuits, claims keys, writes outputs under its fences, gives keys back and
// recovers those of the dead, at random, until it is told to stop or killed. All of it goes to a history of its own.
import { setTimeout as wait } from 'node:timers/promises';
import { sharedCircuit } from '../../../src/circuit/index.ts';
import { LostLeaseError, StoreUnavailableError } from '../../../src/errors/index.ts';
import { localState } from '../../../src/local/state.ts';
import { claim } from '../../../src/processor/claim.ts';
import { release, type Settlement } from '../../../src/processor/release.ts';
import { circuitStore } from '../../../src/store/index.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { realClock } from '../../../src/time/index.ts';
import { cacheFor, settings } from './circuits.ts';
import { HistoryWriter } from './history.ts';
import { outputs } from './outputs.ts';

const [file, histories, name, seed, skew] = process.argv.slice(2) as [string, string, string, string, string];

// What everything here takes the wall time from.
const machines = Date.now;
Date.now = () => machines() + Number(skew);

// The exit code of a process whose store was locked for too long: it leaves the rest to its successor.
const withoutStore = 3;
const history = new HistoryWriter(histories, name);
const state = localState({ file });
const store = history.over(state);
const random = seededRandom(Number(seed));
const oneOf = <T>(...choices: readonly T[]) => choices[Math.floor(random() * choices.length)] as T;

const circuits = new Map(
  ['a', 'b'].map((key) => [
    key,
    sharedCircuit({
      ...settings,
      store: circuitStore(store),
      key,
      client: name,
      clock: realClock,
      cacheFor,
      on(event) {
        // It would go on by itself, and the history of the store would no longer tell all. Its successor does.
        if (event.kind === 'degraded') process.exit(withoutStore);
      },
    }),
  ]),
);

async function probe(): Promise<void> {
  const key = oneOf('a', 'b');
  const circuit = circuits.get(key) as ReturnType<typeof sharedCircuit>;
  const place = `circuits/${key}`;
  const admission = await history.operation({ kind: 'enter', place }, () => circuit.enter());
  if (!admission.admitted) return;
  // A probe takes its time, so that others come meanwhile.
  await wait(random() * (admission.ticket.probe === null ? 5 : 40));
  const { ticket } = admission;
  const outcome = random() < 0.5 ? 'failure' : 'success';
  await history.operation({ kind: 'leave', place, ticket, outcome }, () => circuit.leave(admission, outcome));
}

const duration = 300;
let runs = 0;

async function run(): Promise<void> {
  const key = oneOf('x', 'y', 'z');
  const place = `work/${key}`;
  const runId = `${name}-${runs++}`;
  const startedAt = new Date(Date.now()).toISOString();
  const claimed = await history.operation({ kind: 'claim', place, runId, duration }, () =>
    claim(store, {
      key,
      processor: 'P',
      sport: 'nba',
      date: '2026-01-15',
      options: {},
      runId,
      holder: name,
      startedAt,
      duration,
      recordDead: async () => {},
    }),
  );
  if (!claimed.claimed) return;
  const { fence } = claimed;
  await history.operation({ kind: 'write', place: `outputs/${key}`, runId, fence }, () =>
    write(key, runId, fence),
  );
  await wait(random() * 10);
  // A run that ends without a word.
  if (random() < 0.1) return;
  const settlement = oneOf('clear', 'park', 'giveUp');
  await history.operation({ kind: 'release', place, runId, settlement }, async () => {
    try {
      return await release(store, {
        key,
        runId,
        done: null,
        settlement: settlements[settlement],
        at: startedAt,
      });
    } catch (error) {
      if (error instanceof LostLeaseError) return 'lost';
      throw error;
    }
  });
}

/** What a warehouse does: nothing is written under a fence that is older than the last. */
async function write(key: string, runId: string, fence: number): Promise<boolean> {
  const collection = store.collection(outputs);
  for (;;) {
    const { entry, time } = await collection.get(key);
    if (entry?.readable && entry.value.fence > fence) return false;
    const put = await collection.put(
      key,
      { runId, fence },
      { ifVersion: entry?.version, expires: time + 3_600_000 },
    );
    if (put.ok) return true;
  }
}

const settlements: Record<'clear' | 'park' | 'giveUp', Settlement> = {
  clear: 'clear',
  park: {
    park: {
      reason: 'extract_failed',
      missing: [],
      attempts: 1,
      wake: 'time',
      nextLookIn: 0,
      giveUpAfter: 3_600_000,
      detail: null,
    },
  },
  giveUp: { giveUp: { reason: 'extract_failed' } },
};

// Recovery brings most of the library along, which takes a process long to load: one in four has it.
const recover =
  Number(seed) % 4 === 0 ? (await import('./recovery.ts')).recovery(state, store, history) : run;

let isOver = false;
process.on('message', () => {
  isOver = true;
});
for (let done = 1; !isOver; done++) {
  try {
    await oneOf(probe, probe, run, run, recover)();
  } catch (error) {
    if (error instanceof StoreUnavailableError) process.exit(withoutStore);
    throw error;
  }
  if (done % 20 === 0) process.send?.(20);
}
state.close();
process.disconnect?.();
