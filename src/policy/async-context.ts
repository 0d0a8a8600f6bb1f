/**
 * A function that runs what it is given, soon, in the asynchronous context of here and now: a timer shared by many calls
 * fires in that of whoever set it, and one caller's listeners must not see another's AsyncLocalStorage. Promises carry
 * the context on every platform; runs the first function it gets only.
 */
export function captureContext(): (run: () => void) => void {
  let resolve: (run: () => void) => void = ignore;
  new Promise<() => void>((settle) => {
    resolve = settle;
  }).then(call);
  return resolve;
}

function ignore(): void {}

function call(run: () => void): void {
  run();
}
