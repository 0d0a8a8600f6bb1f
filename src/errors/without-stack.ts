/**
 * Makes an error whose stack is not captured: a rejection is told to very many callers at once, and where it was made says
 * nothing of why. Where the engine has no limit to set, or has it frozen, the error has its stack.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error;
  if (!setLimit(0)) return make();
  try {
    return make();
  } finally {
    setLimit(stackTraceLimit);
  }
}

function setLimit(limit: number): boolean {
  try {
    Error.stackTraceLimit = limit;
    return true;
  } catch {
    return false;
  }
}
