const { then } = Promise.prototype;

/**
 * What comes of a promise of the platform's. One with a `then` of its own is not asked by that, which might call back twice.
 */
export function whenSettled(
  promise: Promise<unknown>,
  succeeded: ((value: unknown) => unknown) | undefined,
  failed: (error: unknown) => unknown,
): Promise<unknown> {
  // Called as its method, where that is the same, it is a good deal quicker.
  return promise.then === then ? promise.then(succeeded, failed) : then.call(promise, succeeded, failed);
}
