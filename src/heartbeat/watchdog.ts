import type { Watchdog } from './watchdog-port.ts';

export interface WatchdogOptions {
  /** Where the last words of a process are written that is ended for a blocked loop; a JSON file. */
  readonly lastWords: string;
}

/** What a process that was ended for a blocked event loop left behind. */
export interface LastWords {
  readonly reason: 'event_loop_blocked';
  readonly pid: number;
  readonly runs: readonly { readonly runId: string; readonly key: string }[];
}

const tickEvery = 50;

/**
 * Starts the thread that watches this process's event loop. It runs on the machine's own time: a loop that is blocked
 * takes every injected clock with it.
 *
 * The thread's program is text, because it must start from the sources, from a bundle and from an archive alike.
 */
export async function startWatchdog({
  lastWords,
}: WatchdogOptions): Promise<Watchdog & { close(): Promise<void> }> {
  const { Worker } = await import('node:worker_threads');
  // [0] counts the loop's turns; [1] is set by the loop to stop the thread.
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(program, {
    eval: true,
    workerData: { shared, lastWords, pid: process.pid, tickEvery },
  });
  worker.unref();
  let worst = 0;
  let last = performance.now();
  const turn = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - tickEvery);
    last = now;
    Atomics.add(shared, 0, 1);
    Atomics.notify(shared, 0);
  }, tickEvery);
  turn.unref();
  let guards = 0;
  return {
    lag() {
      const lag = worst;
      worst = 0;
      return lag;
    },
    guard(run, limit) {
      const id = guards++;
      worker.postMessage({ guard: id, run, limit });
      return { [Symbol.dispose]: () => worker.postMessage({ release: id }) };
    },
    async close() {
      clearInterval(turn);
      Atomics.store(shared, 1, 1);
      await worker.terminate();
    },
  };
}

// A guard that is over its limit is fatal only while the loop stands still: the limit says when to look, the counter what is
// seen. A loop that has not turned for `blockedFor` by then is blocked.
const program = `
const { parentPort, receiveMessageOnPort, workerData } = require('node:worker_threads');
const { writeFileSync, renameSync } = require('node:fs');
const { shared, lastWords, pid, tickEvery } = workerData;
const blockedFor = 10 * tickEvery;
const guards = new Map();
let turns = 0;
let turnedAt = performance.now();
while (Atomics.load(shared, 1) === 0) {
  for (let next = receiveMessageOnPort(parentPort); next; next = receiveMessageOnPort(parentPort)) {
    const { guard, run, limit, release } = next.message;
    if (release === undefined) guards.set(guard, { run, end: performance.now() + limit });
    else guards.delete(release);
  }
  const now = performance.now();
  const seen = Atomics.load(shared, 0);
  if (seen !== turns) { turns = seen; turnedAt = now; }
  const over = [...guards.values()].filter(({ end }) => end <= now);
  if (over.length > 0 && now - turnedAt >= blockedFor) {
    const words = { reason: 'event_loop_blocked', pid, runs: over.map(({ run }) => run) };
    writeFileSync(lastWords + '.tmp', JSON.stringify(words));
    renameSync(lastWords + '.tmp', lastWords);
    process.kill(pid, 'SIGKILL');
  }
  Atomics.wait(shared, 1, 0, tickEvery);
}
`;
