// The one file of this room that needs Node, and that takes the time from the machine: a loop that is blocked takes every
// injected clock with it. Node's modules are loaded when a watchdog starts, so that the rest runs anywhere.
import { type Logger, silentLogger } from '../clients/index.ts';
import { milliseconds } from '../time/index.ts';
import type { Watchdog } from './watchdog-port.ts';

export interface WatchdogOptions {
  /** Where the last words of a process are written that is ended for a blocked loop: a JSON file, this process's own. */
  readonly lastWords: string;
  /**
   * How long the loop must be seen to stand still, once a run's limit has passed, before the process is ended, in
   * milliseconds. A loop that merely turns slowly is left to the run's own time-out. Default: 2,000.
   */
  readonly blockedFor?: number | undefined;
  /** Told when the watching thread fails; runs are then without a watchdog. Default: nobody. */
  readonly logger?: Logger | undefined;
}

/** What a process that was ended for a blocked event loop left behind. */
export interface LastWords {
  readonly reason: 'event_loop_blocked';
  readonly pid: number;
  /** ISO 8601, by the machine's clock. */
  readonly at: string;
  /** How long the loop was seen to stand still, in milliseconds. */
  readonly blockedFor: number;
  /** The runs whose limit had passed. */
  readonly runs: readonly { readonly runId: string; readonly key: string }[];
}

/** A watchdog at work. It does not keep the process alive. */
export interface RunningWatchdog extends Watchdog {
  /** Stops the thread; what was guarded is guarded no more. */
  close(): Promise<void>;
}

const tickEvery = 50;

/**
 * Starts the thread that watches this process's event loop: the loop moves a shared counter on, the thread sees it stand
 * still.
 *
 * @throws ConfigurationError for a `blockedFor` that is no duration; whatever keeps the thread from starting.
 */
export async function startWatchdog(options: WatchdogOptions): Promise<RunningWatchdog> {
  const { lastWords, logger = silentLogger } = options;
  const blockedFor = milliseconds('watchdog.blockedFor', options.blockedFor ?? 2_000);
  const { Worker } = await import('node:worker_threads');
  // [0] counts the loop's turns; [1] is set to stop the thread.
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(program, {
    eval: true,
    // The process's own flags might make the program an ES module, or load much into the thread.
    execArgv: [],
    workerData: { shared, lastWords, pid: process.pid, tickEvery, blockedFor },
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('online', resolve);
    worker.once('error', reject);
  });
  worker.removeAllListeners('error');
  worker.on('error', (error) => logger.error('the watchdog of the event loop failed', { error }));
  worker.unref();

  let worst = 0;
  let last = performance.now();
  const lateness = () => performance.now() - last - tickEvery;
  const turn = setInterval(() => {
    worst = Math.max(worst, lateness());
    last = performance.now();
    Atomics.add(shared, 0, 1);
  }, tickEvery);
  turn.unref();
  let guards = 0;
  return {
    lag() {
      // The loop may stand still right now: that counts too.
      const lag = Math.max(worst, lateness(), 0);
      worst = 0;
      return lag;
    },
    guard({ runId, key }, limit) {
      const guard = guards++;
      worker.postMessage({ guard, run: { runId, key }, limit: milliseconds('watchdog.limit', limit) });
      return { [Symbol.dispose]: () => worker.postMessage({ release: guard }) };
    },
    async close() {
      clearInterval(turn);
      Atomics.store(shared, 1, 1);
      Atomics.notify(shared, 1);
      await worker.terminate();
    },
  };
}

// Text, because it must start from the sources, from a bundle and from an archive alike, and a worker's file would have to be
// found from each.
//
// The thread never returns to its own event loop: it takes messages when it looks. The time that the loop stands still is
// what the thread has seen of it, look by look: when the process was stopped, or the machine slept, both stood still, and
// that is no fault of the loop.
const program = `
'use strict';
const { parentPort, receiveMessageOnPort, workerData } = require('node:worker_threads');
const { renameSync, writeFileSync, writeSync } = require('node:fs');
const { shared, lastWords, pid, tickEvery, blockedFor } = workerData;
const guards = new Map();
let turns = 0;
let still = 0;
let lookedAt = performance.now();

while (Atomics.wait(shared, 1, 0, tickEvery) === 'timed-out') {
  for (let next = receiveMessageOnPort(parentPort); next; next = receiveMessageOnPort(parentPort)) {
    const { guard, run, limit, release } = next.message;
    if (release === undefined) guards.set(guard, { run, end: performance.now() + limit });
    else guards.delete(release);
  }
  const now = performance.now();
  const seen = Atomics.load(shared, 0);
  still = seen === turns ? still + Math.min(now - lookedAt, 2 * tickEvery) : 0;
  turns = seen;
  lookedAt = now;
  if (still < blockedFor) continue;
  const runs = [...guards.values()].filter(({ end }) => end <= now).map(({ run }) => run);
  if (runs.length > 0) end(runs);
}

function end(runs) {
  const ids = runs.map(({ runId }) => runId).join(', ');
  try {
    const at = new Date().toISOString();
    const words = { reason: 'event_loop_blocked', pid, at, blockedFor: Math.round(still), runs };
    writeFileSync(lastWords + '.tmp', JSON.stringify(words), { flush: true, mode: 0o600 });
    renameSync(lastWords + '.tmp', lastWords);
    writeSync(2, 'breakwater: the event loop is blocked past the limit of run ' + ids + ': the process is ended\\n');
  } catch (error) {
    // Words or not, the process must end: its runs' claims end with their time, and others wait.
    try {
      writeSync(2, 'breakwater: the last words of run ' + ids + ' could not be written: ' + error.message + '\\n');
    } catch {}
  }
  process.kill(pid, 'SIGKILL');
}
`;
