import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localObjects, localState } from '../../src/local/index.ts';
import { type Addition, type ObjectAddition, type Tally, tallies } from './tally.ts';

const stateScript = fileURLToPath(new URL('./contender.ts', import.meta.url));
const objectScript = fileURLToPath(new URL('./object-contender.ts', import.meta.url));

let dir: string;
let running: ChildProcess[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'breakwater-processes-'));
  running = [];
});
afterEach(async () => {
  for (const child of running) await killed(child);
  rmSync(dir, { recursive: true });
});

describe('processes that share a state file', () => {
  const file = () => join(dir, 'state.sqlite');
  const start = (name: string, times: number) => startProcess<Addition>(stateScript, file(), name, times);
  const tally = async () => {
    using state = localState({ file: file() });
    const { entry, time } = await state.collection(tallies).get('shared');
    return { value: entry?.readable ? entry.value : undefined, time };
  };

  it('lose no update, use no version twice, and agree on the time', async () => {
    const contenders = ['a', 'b', 'c', 'd'].map((name) => start(name, 60));
    await Promise.all(contenders.map(({ ended }) => ended));
    expect((await tally()).value).toEqual({ total: 240, by: { a: 60, b: 60, c: 60, d: 60 } });
    const additions = contenders.flatMap((contender) => contender.additions);
    expect(additions).toHaveLength(240);
    expectOneHistory(additions);
  }, 30_000);

  it('spoil nothing when they are killed in mid-write, and take nothing back', async () => {
    const contenders = ['a', 'b', 'c', 'd'].map((name) => start(name, 1e9));
    for (const { child, additions, ended } of contenders) {
      while (additions.length < 15) await Promise.race([once(child, 'message'), ended]);
      await killed(child);
    }
    const { value, time } = await tally();
    const additions = contenders.flatMap((contender) => contender.additions);
    expectOneHistory(additions);
    expect(time).toBeGreaterThanOrEqual(Math.max(...additions.map((addition) => addition.time)));
    expect(Object.values(value?.by ?? {}).reduce((sum, count) => sum + count, 0)).toBe(value?.total);
    for (const { name, additions: own } of contenders) {
      expect(value?.by[name]).toBeGreaterThanOrEqual(own.at(-1)?.mine as number);
    }
    const successor = start('e', 5);
    await successor.ended;
    expect((await tally()).value).toEqual({
      total: (value?.total ?? 0) + 5,
      by: { ...value?.by, e: 5 },
    });
  }, 30_000);
});

describe('processes that share a folder of objects', () => {
  const start = (name: string, times: number) => startProcess<ObjectAddition>(objectScript, dir, name, times);

  it('lose no update and use no generation twice, also when some are killed in mid-write', async () => {
    const doomed = ['a', 'b'].map((name) => start(name, 1e9));
    const others = ['c', 'd'].map((name) => start(name, 40));
    for (const { child, additions, ended } of doomed) {
      while (additions.length < 10) await Promise.race([once(child, 'message'), ended]);
      await killed(child);
    }
    await Promise.all(others.map(({ ended }) => ended));
    using objects = localObjects({ dir });
    const found = await objects.read('shared/tally.json');
    const { total, by }: Tally = JSON.parse(new TextDecoder().decode(found?.data));
    expect(Object.values(by).reduce((sum, count) => sum + count, 0)).toBe(total);
    expect(by).toMatchObject({ c: 40, d: 40 });
    for (const { name, additions } of doomed) {
      expect(by[name]).toBeGreaterThanOrEqual(additions.at(-1)?.mine as number);
    }
    const inOrder = [...doomed, ...others].flatMap(({ additions }) => additions);
    inOrder.sort((a, b) => a.generation - b.generation);
    for (const [index, { generation, total: told }] of inOrder.entries()) {
      const previous = inOrder[index - 1];
      if (previous === undefined) continue;
      expect(generation).toBeGreaterThan(previous.generation);
      expect(told).toBeGreaterThan(previous.total);
    }
    expect(found?.object.generation).toBeGreaterThanOrEqual(inOrder.at(-1)?.generation as number);
  }, 30_000);
});

describe('loading the state file’s database', () => {
  it('says nothing of SQLite being experimental, and hides no other warning', async () => {
    const sources = fileURLToPath(new URL('../../src/local/index.ts', import.meta.url));
    const program = `
      const { localState } = await import(${JSON.stringify(sources)});
      const dir = (await import('node:fs')).mkdtempSync(${JSON.stringify(join(tmpdir(), 'breakwater-quiet-'))});
      localState({ file: dir + '/state.sqlite' }).close();
      process.emitWarning('something else is experimental', 'ExperimentalWarning');
      process.emitWarning('SQLite is slow today');
      (await import('node:fs')).rmSync(dir, { recursive: true });
    `;
    const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect(stderr).not.toContain('SQLite is an experimental feature');
    expect(stderr).toContain('something else is experimental');
    expect(stderr).toContain('SQLite is slow today');
  });
});

/** Starts a process that tells each of its additions. */
function startProcess<T>(script: string, place: string, name: string, times: number) {
  const child = fork(script, [place, name, String(times)], { execArgv: [], silent: true });
  running.push(child);
  const additions: T[] = [];
  child.on('message', (addition: T) => additions.push(addition));
  let errors = '';
  child.stderr?.on('data', (text) => {
    errors += text;
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    if (code !== 0 && signal !== 'SIGKILL') throw new Error(`Process ${name} failed: ${errors}`);
  });
  return { name, child, additions, ended };
}

/** Every addition stands on the one before it: totals, versions and times are in the same order. */
function expectOneHistory(additions: readonly Addition[]): void {
  const inOrder = [...additions].sort((a, b) => a.version - b.version);
  for (const [index, { version, total, time }] of inOrder.entries()) {
    expect(version).toBe(total);
    const previous = inOrder[index - 1];
    if (previous === undefined) continue;
    expect(version).toBeGreaterThan(previous.version);
    expect(time).toBeGreaterThanOrEqual(previous.time);
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
