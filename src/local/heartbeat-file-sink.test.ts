import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleBeat, heartbeatSinkContract } from '../../test/contracts/heartbeat-sink-contract.ts';
import { readHealth, type UnreadableBeat } from '../heartbeat/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { fileSink } from './heartbeat-file-sink.ts';

const folder = () => mkdtemp(join(tmpdir(), 'breakwater-beats-'));

heartbeatSinkContract('the file sink', async () => {
  const dir = await folder();
  const clock = new VirtualClock();
  return {
    sink: fileSink({ dir: join(dir, 'not', 'yet'), clock }),
    other: fileSink({ dir: join(dir, 'not', 'yet'), clock }),
    clock,
    close: () => rm(dir, { recursive: true }),
  };
});

describe('the file sink', () => {
  const { signal } = new AbortController();
  let dir: string;
  let clock: VirtualClock;
  beforeEach(async () => {
    dir = await folder();
    clock = new VirtualClock();
  });
  afterEach(() => rm(dir, { recursive: true }));

  const inAnHour = () => new Date(clock.wallNow() + 3_600_000).toISOString();

  it('keeps one file a run', async () => {
    const sink = fileSink({ dir, clock });
    for (let sequence = 1; sequence <= 4; sequence++) {
      await sink.write(exampleBeat(clock, { sequence }), { signal });
      await sink.write(exampleBeat(clock, { runId: 'Run/2', sequence }), { signal });
    }
    const names = await readdir(dir);
    expect(names).toHaveLength(2);
    expect(names.map((name) => name.split('.').at(1))).toEqual(['4', '4']);
  });

  it('removes what has expired, and what a writer that died left behind', async () => {
    const sink = fileSink({ dir, clock });
    await sink.write(exampleBeat(clock, { expires: inAnHour() }), { signal });
    const [name] = await readdir(dir);
    await writeFile(join(dir, `${name}.dead-writer.tmp`), '{"proc');
    expect(await sink.read({ signal })).toHaveLength(1);
    await sink.write(exampleBeat(clock, { runId: 'run-2' }), { signal });
    expect(await readdir(dir)).toHaveLength(3);
    await clock.advance('1h');
    await sink.write(exampleBeat(clock, { runId: 'run-2', sequence: 2 }), { signal });
    expect((await readdir(dir)).map((file) => file.split('.').at(0))).toEqual(['run-2']);
  });

  it('names the files that it can not read, and reads the others', async () => {
    const sink = fileSink({ dir, clock });
    await sink.write(exampleBeat(clock), { signal });
    const expires = Date.parse(inAnHour());
    await writeFile(join(dir, `cut-short.7.${expires}.json`), '{"processor":"P","ke');
    await writeFile(
      join(dir, `wrong.1.${expires}.json`),
      JSON.stringify({ ...exampleBeat(clock), sequence: -1 }),
    );
    await writeFile(join(dir, `huge.1.${expires}.json`), JSON.stringify({ text: 'x'.repeat(70_000) }));
    await writeFile(join(dir, 'README.txt'), 'not a heartbeat');
    const unreadable: UnreadableBeat[] = [];
    const beats = await sink.read({ signal, unreadable: (record) => unreadable.push(record) });
    expect(beats.map(({ runId }) => runId)).toEqual(['run-1']);
    const messages = unreadable.map(({ runId, error }) => [runId, (error as Error).message]).sort();
    expect(messages).toEqual([
      ['cut-short', expect.stringContaining('is not JSON')],
      ['huge', expect.stringContaining('is too large for a heartbeat')],
      ['wrong', expect.stringContaining('holds no heartbeat: sequence: ')],
    ]);
    expect(unreadable.map(({ record }) => record).sort()[0]).toBe(join(dir, `cut-short.7.${expires}.json`));
  });

  it('makes the health of a run unknown whose newest beat can not be read', async () => {
    const sink = fileSink({ dir, clock });
    await sink.write(exampleBeat(clock), { signal });
    await writeFile(join(dir, `run-1.9.${Date.parse(inAnHour())}.json`), '');
    const older = { name: 'older', write: async () => {}, read: async () => [exampleBeat(clock)] };
    await clock.advance('30m');
    const { runs, unreadable } = await readHealth({ sinks: [sink, { ...older }], clock });
    expect(unreadable).toMatchObject([{ sink: 'file', runId: 'run-1' }]);
    expect(runs.map(({ health }) => health)).not.toContain('dead');
  });

  it('throws what the folder throws', async () => {
    await writeFile(join(dir, 'file'), '');
    const sink = fileSink({ dir: join(dir, 'file', 'beats'), clock });
    await expect(sink.write(exampleBeat(clock), { signal })).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(sink.read({ signal })).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('keeps the newest beat of every run when processes write at once', async () => {
    const program = `
      import { fileSink } from ${JSON.stringify(new URL('./heartbeat-file-sink.ts', import.meta.url).href)};
      const [dir, beat, first] = [process.argv[1], JSON.parse(process.argv[2]), Number(process.argv[3])];
      const { signal } = new AbortController();
      const clock = { wallNow: () => Date.parse(beat.beat) };
      const sink = fileSink({ dir, clock });
      for (let sequence = first; sequence <= 60; sequence += 3) {
        for (const runId of ['run-1', 'run-2', 'run-3']) await sink.write({ ...beat, runId, sequence }, { signal });
        if ((await sink.read({ signal, unreadable: ({ error }) => { throw error; } })).length !== 3) throw new Error('a run is missing');
      }
    `;
    const beat = JSON.stringify(exampleBeat(clock));
    const writers = [1, 2, 3].map((first) =>
      promisify(execFile)(process.execPath, [
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '--eval',
        program,
        dir,
        beat,
        String(first),
      ]),
    );
    await Promise.all(writers);
    const beats = await fileSink({ dir, clock }).read({ signal });
    expect(beats.map(({ runId, sequence }) => [runId, sequence]).sort()).toEqual([
      ['run-1', 60],
      ['run-2', 60],
      ['run-3', 60],
    ]);
  });
});
