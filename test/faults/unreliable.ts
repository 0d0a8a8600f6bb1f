import { type Clock, sleep } from '../../src/time/index.ts';

/** What goes wrong with calls over a network, and how often (0 to 1, together at most 1). */
export interface Unreliability {
  /** The call does not arrive: an error. */
  readonly lost: number;
  /** It is carried out, but the answer does not arrive: an error. */
  readonly answerLost: number;
  /** It is carried out long after its caller gave it up. */
  readonly late: number;
  /** It neither arrives nor fails. */
  readonly hung: number;
}

export interface Network {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly unreliability: Unreliability;
  /** Milliseconds after which a late call is carried out, at most. */
  readonly latest: number;
}

/** The call over a bad network. It knows no signal: what was sent can't be taken back. */
export async function unreliably<T>(network: Network, call: () => Promise<T>): Promise<T> {
  const { clock, random, latest } = network;
  const { lost, answerLost, late, hung } = network.unreliability;
  const fate = random();
  if (fate < lost) throw networkError();
  if (fate < lost + answerLost) {
    await call();
    throw networkError();
  }
  if (fate < lost + answerLost + late) await sleep(clock, random() * latest);
  else if (fate < lost + answerLost + late + hung) return new Promise(() => {});
  return call();
}

/** The promise, or the signal's reason as soon as that aborts: what a client of such a network does. */
export async function givingUp<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const giveUp = () => reject(signal?.reason);
  signal?.addEventListener('abort', giveUp, { once: true });
  work().then(resolve, reject);
  return promise.finally(() => signal?.removeEventListener('abort', giveUp));
}

export function networkError(): Error {
  return Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' });
}
