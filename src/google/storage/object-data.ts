import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { InvalidDataError } from '../../errors/index.ts';

const unzip = promisify(gunzip);

/** The most bytes that a compressed object may hold: 256 MiB, as others. */
const mostBytes = 2 ** 28;

/** What an object holds, of its bytes as they are stored. @throws InvalidDataError where it can't be unpacked. */
export async function dataOf(
  path: string,
  { bytes, gzip }: { readonly bytes: Buffer; readonly gzip: boolean },
): Promise<Uint8Array> {
  if (!gzip) return new Uint8Array(bytes);
  try {
    return new Uint8Array(await unzip(bytes, { maxOutputLength: mostBytes }));
  } catch (cause) {
    throw new InvalidDataError(`Object ${path} can't be unpacked`, { cause });
  }
}
