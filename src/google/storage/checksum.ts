import type { CRC32C } from '@google-cloud/storage';
import { officialPackage } from './official-package.ts';

export type Checksum = CRC32C;

/** The checksum of nothing yet, which is that of what it is updated with. */
export async function checksum(): Promise<Checksum> {
  const { CRC32C } = await officialPackage();
  return new CRC32C();
}
