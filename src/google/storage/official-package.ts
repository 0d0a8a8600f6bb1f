import { requirePeer } from '../require-peer.ts';

/** @throws ConfigurationError if it is not installed. */
export function officialPackage(): Promise<typeof import('@google-cloud/storage')> {
  return requirePeer('@google-cloud/storage', () => import('@google-cloud/storage'));
}
