import { randomUUID } from 'node:crypto';
import { constants, readdirSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { overwritten } from '../clients/index.ts';
import { BreakwaterError } from '../errors/index.ts';
import { isGone, thisInstance } from './instance.ts';
import { type FileFound, foundOf, writeError } from './object-files.ts';

const mark = 'incoming~';
const chunkSize = 2 ** 18;

/** Where objects lie aside while their streams are read; each in a file that names the process. */
export class IncomingFiles {
  readonly #folder: string;
  readonly #instance = thisInstance();

  /** Removes what processes that are gone have left. */
  constructor(folder: string) {
    this.#folder = folder;
    for (const name of readdirSync(folder)) {
      if (name.startsWith(mark) && isGone(name.slice(mark.length).replaceAll('~', ':')))
        rmSync(join(folder, name), { force: true });
    }
  }

  /** Writes the stream aside, brings it to the disk, and lends it out; whatever is not renamed then is removed. */
  async of<T>(chunks: AsyncIterable<Uint8Array>, work: (aside: string) => Promise<T>): Promise<T> {
    const aside = join(this.#folder, `${mark}${this.#instance.replaceAll(':', '~')}~${randomUUID()}`);
    try {
      await written(aside, chunks);
      return await work(aside);
    } finally {
      await rm(aside, { force: true });
    }
  }
}

async function written(aside: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(aside, 'wx').catch((error: unknown) => {
    throw writeError(aside, error);
  });
  try {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; ) {
        const { bytesWritten } = await ours(aside, file.write(chunk, start));
        start += bytesWritten;
      }
    }
    await ours(aside, file.sync());
  } finally {
    await file.close();
  }
}

/** The disk's errors are told from those of the stream. */
function ours<T>(file: string, done: Promise<T>): Promise<T> {
  return done.catch((error: unknown) => {
    throw error instanceof BreakwaterError ? error : writeError(file, error);
  });
}

/** The file's bytes, if it is still the one that was found, and stays so to the end. */
export async function* readChunks(
  file: string,
  { path, found }: { readonly path: string; readonly found: FileFound },
): AsyncGenerator<Uint8Array> {
  const opened = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => {
    throw overwritten(path);
  });
  const isSame = async () => foundOf(await opened.stat({ bigint: true }))?.identity === found.identity;
  try {
    if (!(await isSame())) throw overwritten(path);
    for (let position = 0; position < found.size; ) {
      const { buffer, bytesRead } = await opened.read(Buffer.allocUnsafe(chunkSize), { position });
      if (bytesRead === 0) throw overwritten(path);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    // Renamed over, it would be another file; here somebody wrote into this one.
    if (!(await isSame())) throw overwritten(path);
  } finally {
    await opened.close();
  }
}
