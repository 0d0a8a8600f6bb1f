/** Runs what it is given, soon, in the context that was captured. */
export type InContext = (run: () => void) => void;

/**
 * A function that runs what it is given, soon, in the asynchronous context of here and now: a timer shared by many calls
 * fires in that of whoever set it, and one caller's listeners must not see another's AsyncLocalStorage. Promises carry
 * the context on every platform; runs the first function it gets only.
 */
export function captureContext(): InContext {
  let resolve: InContext = ignore;
  new Promise<() => void>((settle) => {
    resolve = settle;
  }).then(call);
  return resolve;
}

/** The same, for one thing after another: not for two in one turn. */
export function keepContext(): InContext {
  let inContext = captureContext();
  return (run) =>
    inContext(() => {
      inContext = captureContext();
      run();
    });
}

function ignore(): void {}

function call(run: () => void): void {
  run();
}
