import { ServiceError } from '../errors/index.ts';

/**
 * A fake service's main switch. While it fails, every call is refused; while it hangs, every call waits until it is
 * recovered (and then goes on, late) or its caller gives up.
 */
export abstract class Outage {
  #error: (() => unknown) | undefined;
  #hanging = false;
  #recovered: (() => void)[] = [];

  /** From now on every call throws: the error, or what the function makes. Default: a transient ServiceError. */
  fail(error: unknown = unavailable): void {
    this.recover();
    this.#error = typeof error === 'function' ? (error as () => unknown) : () => error;
  }

  /** From now on no call is answered. */
  hang(): void {
    this.recover();
    this.#hanging = true;
  }

  /** All is well again; calls that hang go on. */
  recover(): void {
    this.#error = undefined;
    this.#hanging = false;
    for (const goOn of this.#recovered.splice(0)) goOn();
  }

  /** Every call of the fake goes through here first. */
  protected async pass(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#error !== undefined) throw this.#error();
    if (this.#hanging) await this.#recovery(signal);
  }

  #recovery(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const goOn = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => {
        this.#recovered = this.#recovered.filter((other) => other !== goOn);
        reject(signal?.reason);
      };
      this.#recovered.push(goOn);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function unavailable(): ServiceError {
  return new ServiceError('The service is away (a test says so)', {
    service: 'fake',
    kind: 'transient',
    code: '503',
  });
}
