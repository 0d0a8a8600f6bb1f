import { AsyncLocalStorage } from 'node:async_hooks';

const traces = new AsyncLocalStorage<string | undefined>();

/** The trace of the request that is being worked on, for the `trace` of a logger; undefined outside of one. */
export function currentTrace(): string | undefined {
  return traces.getStore();
}

/**
 * Around a handler of requests: whatever is logged while it works bears the trace that the request came with, in W3C's `traceparent`
 * or Google's `x-cloud-trace-context`.
 *
 * @example
 * const server = await servePush(traced(pushHandler(processors, context, { ackDeadline: '600s', verify })));
 */
export function traced<Rest extends readonly unknown[], Result>(
  handler: (request: Request, ...rest: Rest) => Result,
): (request: Request, ...rest: Rest) => Result {
  return (request, ...rest) => traces.run(traceOf(request.headers), () => handler(request, ...rest));
}

function traceOf(headers: Headers): string | undefined {
  const parent = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/.exec(headers.get('traceparent') ?? '');
  const google = /^([\da-f]{32})(?:[/;]|$)/.exec(headers.get('x-cloud-trace-context') ?? '');
  const trace = parent?.[1] ?? google?.[1];
  // W3C Trace Context: all zeros is no trace.
  return trace === undefined || /^0+$/.test(trace) ? undefined : trace;
}
