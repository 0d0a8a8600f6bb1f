import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { type LastWords, startWatchdog } from './watchdog.ts';

// A blocked event loop is a matter of real processes and of real time. Nothing here measures time but by its order.
describe('watchdog of the event loop', () => {
  let dir: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'breakwater-watchdog-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(dir, { recursive: true });
  });

  const lastWordsFile = () => join(dir, 'last-words.json');
  const lastWords = async () => JSON.parse(await readFile(lastWordsFile(), 'utf8')) as LastWords;

  /** A process with a watchdog, `guard` and `wait` at hand, that runs the code. */
  function start(code: string, { file = lastWordsFile(), blockedFor = 300 } = {}) {
    const program = `
      import { startWatchdog } from ${JSON.stringify(new URL('./watchdog.ts', import.meta.url).href)};
      const watchdog = await startWatchdog({ lastWords: ${JSON.stringify(file)}, blockedFor: ${blockedFor} });
      const guard = (runId, limit) => watchdog.guard({ runId, key: 'out/' + runId }, limit);
      const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
      const block = (time) => { for (const end = performance.now() + time; performance.now() < end; ); };
      const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1_000; };
      const work = (time) => { for (const end = cpu() + time; cpu() < end; ); };
      ${code}
    `;
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => {
      output.stdout += data;
    });
    child.stderr.on('data', (data) => {
      output.stderr += data;
    });
    const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
    return { child, ended };
  }

  it('ends a process that never yields, and leaves word of the runs whose limit has passed', async () => {
    const { child, ended } = start(`
      guard('run-1', 200);
      guard('run-2', 3_600_000);
      await wait(20);
      while (true) {}
    `);
    expect(await ended).toMatchObject({
      signal: 'SIGKILL',
      stderr: expect.stringContaining('the event loop is blocked past the limit of run run-1'),
    });
    const words = await lastWords();
    expect(words).toMatchObject({
      reason: 'event_loop_blocked',
      pid: child.pid,
      runs: [{ runId: 'run-1', key: 'out/run-1' }],
    });
    expect(words.blockedFor).toBeGreaterThanOrEqual(300);
    expect(new Date(words.at).toISOString()).toBe(words.at);
    expect(await readdir(dir)).toEqual(['last-words.json']);
  });

  it('hears of a guard although the loop is blocked from the next statement on', async () => {
    const { ended } = start(`guard('run-1', 100); while (true) {}`);
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    expect((await lastWords()).runs).toEqual([{ runId: 'run-1', key: 'out/run-1' }]);
  });

  it('ends a process that starves its loop by promises', async () => {
    const { ended } = start(`guard('run-1', 100); for (;;) await null;`);
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
  });

  it('ends it without last words where they can not be written', async () => {
    const { ended } = start(`guard('run-1', 100); while (true) {}`, {
      file: join(dir, 'no', 'such', 'folder.json'),
    });
    expect(await ended).toMatchObject({
      signal: 'SIGKILL',
      stderr: expect.stringContaining('the last words of run run-1 could not be written'),
    });
  });

  it('leaves a process alone whose loop turns, long past the limit, and does not keep it alive', async () => {
    const { ended } = start(`guard('run-1', 10); await wait(600); console.log('alive');`);
    expect(await ended).toMatchObject({ code: 0, signal: null, stdout: 'alive\n', stderr: '' });
    expect(await readdir(dir)).toEqual([]);
  });

  it('leaves a blocked process alone whose runs have time left, have ended, or were never guarded', async () => {
    const { ended } = start(`
      block(450);
      const ended = guard('run-1', 10);
      await wait(100);
      ended[Symbol.dispose]();
      guard('run-2', 3_600_000);
      block(450);
      console.log('alive');
    `);
    expect(await ended).toMatchObject({ code: 0, signal: null, stdout: 'alive\n' });
    expect(await readdir(dir)).toEqual([]);
  });

  it('leaves a process alone that was stopped from outside past the limit and goes on', async () => {
    const busy = `
      guard('run-1', 300);
      console.log('ready');
      for (let turn = 0; turn < 4; turn++, await wait(1)) work(200);
      console.log('alive');
    `;
    const { child, ended } = start(busy, { blockedFor: 2_000 });
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
    // In the midst of a turn, so that the first thing the thread sees afterwards is a loop that has not moved.
    await new Promise((resolve) => setTimeout(resolve, 120));
    child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    child.kill('SIGCONT');
    expect(await ended).toMatchObject({ code: 0, signal: null, stdout: 'ready\nalive\n' });
  });

  it('ends nothing after it was closed', async () => {
    const { ended } = start(`
      guard('run-1', 10);
      await watchdog.close();
      guard('run-2', 10);
      block(450);
      console.log('alive');
    `);
    expect(await ended).toMatchObject({ code: 0, signal: null, stdout: 'alive\n' });
  });

  it('tells the worst lag since it was last asked, the present block among it', async () => {
    const watchdog = await startWatchdog({ lastWords: lastWordsFile() });
    try {
      const end = performance.now() + 400;
      while (performance.now() < end);
      const first = watchdog.lag();
      expect(first).toBeGreaterThanOrEqual(300);
      expect(watchdog.lag()).toBeGreaterThanOrEqual(0);
    } finally {
      await watchdog.close();
    }
  });

  it.each([0, -1, Number.NaN])('refuses %s as a duration', async (duration) => {
    const options = { lastWords: lastWordsFile(), blockedFor: duration };
    await expect(startWatchdog(options)).rejects.toThrow(ConfigurationError);
    const watchdog = await startWatchdog({ lastWords: lastWordsFile() });
    expect(() => watchdog.guard({ runId: 'run-1', key: 'k' }, duration)).toThrow('watchdog.limit');
    await watchdog.close();
  });
});
