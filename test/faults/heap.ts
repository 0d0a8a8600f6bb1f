import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are still in use after a full collection. */
export function heapAfterCollection(): number {
  // Twice: what had a finaliser is only gone after the second.
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
