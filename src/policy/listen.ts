import { reportError } from '../time/index.ts';

/** One function that hears of every event of a policy. What it throws or rejects with is reported, and changes nothing. */
export type Listener<Event> = (event: Event) => void;

const telling = /* @__PURE__ */ new Set<unknown>();

/**
 * Tells the listener, which must be there: no event is built for nobody. What it throws or rejects with is reported as an error
 * of its own, and never reaches the call. An event that it causes itself is told when it is done, so that it can't fill the stack.
 */
export function tell<Event>(listener: Listener<Event>, event: Event): void {
  if (telling.has(listener)) {
    queueMicrotask(() => tell(listener, event));
    return;
  }
  telling.add(listener);
  try {
    const told: unknown = listener(event);
    // Of an asynchronous listener nobody else would hear, and the process would end.
    if (typeof told === 'object') Promise.resolve(told).catch(reportError);
  } catch (error) {
    reportError(error);
  } finally {
    telling.delete(listener);
  }
}
