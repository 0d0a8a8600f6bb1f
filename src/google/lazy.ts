import { ServiceError } from '../errors/index.ts';
import type { GoogleService } from './google-error.ts';

/**
 * A client made when it is first asked for. What could not be made is not remembered: the next who asks tries again. Once closed, it is
 * not made any more: it would be left open.
 */
export class Lazy<T> {
  readonly #service: GoogleService | 'google-auth';
  readonly #make: () => Promise<T>;
  #made: Promise<T> | undefined;
  #isClosed = false;

  constructor(service: GoogleService | 'google-auth', make: () => Promise<T>) {
    this.#service = service;
    this.#make = make;
  }

  /** @throws ServiceError after `close`; whatever keeps it from being made. */
  get(): Promise<T> {
    if (this.#isClosed) return Promise.reject(closed(this.#service));
    if (this.#made === undefined) {
      const made = this.#make();
      this.#made = made;
      made.catch(() => {
        if (this.#made === made) this.#made = undefined;
      });
    }
    return this.#made;
  }

  /** Makes none any more; what has been made is the caller's to close. Called again, there is none. */
  async close(): Promise<T | undefined> {
    const made = this.#made;
    this.#isClosed = true;
    this.#made = undefined;
    return made?.catch(() => undefined);
  }
}

function closed(service: string): ServiceError {
  return new ServiceError(`The client of ${service} was closed`, {
    service,
    kind: 'permanent',
    code: 'closed',
  });
}
