/** The asynchronous context of one place: what AsyncLocalStorage, and the traces and tenants kept in it, give there. */
export interface AsyncContext {
  /** Runs it in that context, at once. */
  runInAsyncScope(run: () => void): void;
}

// By way of `process`, as an import would keep the policies out of browsers, which have no such context. It is lost where a platform
// has one, and no `process`.
const Resource = globalThis.process?.getBuiltinModule?.('node:async_hooks')?.AsyncResource;

const everywhere: AsyncContext = { runInAsyncScope: (run) => run() };

/**
 * The context of here and now, for what comes later: a timer shared by many calls fires in that of whoever set it, and one
 * caller's listeners must not see another's.
 */
export function captureContext(): AsyncContext {
  return Resource === undefined ? everywhere : new Resource('breakwater');
}

/** Runs it in the context, or as it is where none was needed. */
export function runIn(context: AsyncContext | undefined, run: () => void): void {
  if (context === undefined) run();
  else context.runInAsyncScope(run);
}

/** That of no call: of whoever loaded this. */
export const contextOfNobody: AsyncContext = /* @__PURE__ */ captureContext();
