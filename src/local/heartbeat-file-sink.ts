import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, InvalidDataError } from '../errors/index.ts';
import { type Beat, type HeartbeatSink, parseBeat } from '../heartbeat/index.ts';
import type { Clock } from '../time/index.ts';

export interface FileSinkOptions {
  /** The folder of the beats, theirs alone; made when the first is written. */
  readonly dir: string;
  readonly clock: Clock;
}

/**
 * Heartbeats as small files, one a run, for any number of processes on one machine.
 *
 * A beat is written beside its place and renamed into it, so that a reader sees it whole or not at all. Its sequence is part
 * of the file's name: a late write of an older beat makes a file that no reader looks at and the next writer removes, and
 * nobody needs a lock.
 */
export function fileSink({ dir, clock }: FileSinkOptions): HeartbeatSink {
  if (typeof dir !== 'string' || dir === '') throw new ConfigurationError('fileSink.dir', 'a folder', dir);
  return {
    name: 'file',
    async write(beat, { signal }) {
      signal.throwIfAborted();
      await mkdir(dir, { recursive: true });
      const { files, leftovers } = await list(dir);
      const place: BeatFile = fileOf(beat);
      const same = files.filter(({ run }) => run === place.run);
      if (!same.some(({ sequence }) => sequence >= place.sequence)) {
        await writeWhole(dir, place.name, JSON.stringify(beat), signal);
      }
      // Only now: at every moment one file of the run is there.
      const now = clock.wallNow();
      const newest = Math.max(place.sequence, ...same.map(({ sequence }) => sequence));
      await removeAll(dir, [
        ...same.filter(({ sequence }) => sequence < newest),
        ...files.filter(({ expires }) => expires <= now),
        ...leftovers.filter(({ expires }) => expires <= now),
      ]);
    },
    async read({ signal, unreadable }) {
      const beats = new Map<string, Beat>();
      const done = new Set<string>();
      for (let look = 1; ; look++) {
        signal.throwIfAborted();
        const { files } = await list(dir);
        let replaced = 0;
        for (const file of newestOf(files)) {
          if (done.has(file.run) || file.expires <= clock.wallNow()) continue;
          signal.throwIfAborted();
          try {
            const beat = await readBeat(dir, file.name);
            // Replaced by a newer one since the listing.
            if (beat === undefined && look < mostLooks) {
              replaced += 1;
              continue;
            }
            if (beat === undefined) throw new InvalidDataError(`${file.name} kept being replaced`);
            beats.set(file.run, beat);
          } catch (error) {
            unreadable?.({ record: join(dir, file.name), runId: runIdOf(file.run), error });
          }
          done.add(file.run);
        }
        if (replaced === 0) return [...beats.values()];
      }
    },
  };
}

interface BeatFile {
  readonly name: string;
  /** The run as file names call it. */
  readonly run: string;
  readonly sequence: number;
  /** Wall-clock milliseconds. */
  readonly expires: number;
}

// A run beats every minute or so: that each of so many looks meets a replacement does not happen.
const mostLooks = 20;
const largestFile = 65_536;
const filePattern =
  /^(?<run>[a-z0-9-]+|_[0-9a-f]{64})\.(?<sequence>\d+)\.(?<expires>\d+)\.json(?<unfinished>\.[^.]+\.tmp)?$/;

function fileOf({ runId, sequence, expires: until }: Beat): BeatFile {
  // Other ids may not be file names, or not be told apart by file systems that ignore case.
  const run = /^[a-z0-9-]{1,100}$/.test(runId)
    ? runId
    : `_${createHash('sha256').update(runId).digest('hex')}`;
  const expires = Date.parse(until);
  return { name: `${run}.${sequence}.${expires}.json`, run, sequence, expires };
}

function runIdOf(run: string): string | undefined {
  return run.startsWith('_') ? undefined : run;
}

/** The beats in the folder, and what writers that died have left of theirs. Other files are not ours to judge. */
async function list(dir: string): Promise<{ files: BeatFile[]; leftovers: BeatFile[] }> {
  const files: BeatFile[] = [];
  const leftovers: BeatFile[] = [];
  for (const name of await unlessMissing(readdir(dir), [])) {
    const parts = filePattern.exec(name)?.groups;
    if (parts === undefined) continue;
    const { run = '', sequence, expires, unfinished } = parts;
    const file = { name, run, sequence: Number(sequence), expires: Number(expires) };
    (unfinished === undefined ? files : leftovers).push(file);
  }
  return { files, leftovers };
}

function newestOf(files: readonly BeatFile[]): Iterable<BeatFile> {
  const newest = new Map<string, BeatFile>();
  for (const file of files) {
    const known = newest.get(file.run);
    if (known === undefined || known.sequence < file.sequence) newest.set(file.run, file);
  }
  return newest.values();
}

async function writeWhole(dir: string, name: string, text: string, signal: AbortSignal): Promise<void> {
  const unfinished = join(dir, `${name}.${randomUUID()}.tmp`);
  try {
    await writeFile(unfinished, text, { flush: true, flag: 'wx', signal });
    signal.throwIfAborted();
    await rename(unfinished, join(dir, name));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw signal.aborted ? signal.reason : error;
  }
}

/** The beat; undefined if the file is gone. @throws InvalidDataError */
async function readBeat(dir: string, name: string): Promise<Beat | undefined> {
  const path = join(dir, name);
  const size = await unlessMissing(
    stat(path).then((found) => found.size),
    undefined,
  );
  if (size === undefined) return undefined;
  if (size > largestFile) throw new InvalidDataError(`${path} is too large for a heartbeat: ${size} bytes`);
  const text = await unlessMissing(readFile(path, 'utf8'), undefined);
  return text === undefined ? undefined : parseBeat(parseJson(path, text), path);
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidDataError(`${path} is not JSON`, { cause: error });
  }
}

async function removeAll(dir: string, files: readonly BeatFile[]): Promise<void> {
  // Another process may have been here first.
  for (const { name } of files) await rm(join(dir, name), { force: true });
}

async function unlessMissing<T, M>(work: Promise<T>, missing: M): Promise<T | M> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return missing;
    throw error;
  }
}
