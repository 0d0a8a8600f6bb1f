import { boundedCall, type CallBounds, deadlineOf, setDeadline } from './bounded-call.ts';

/**
 * Items that are made one after the other, each within the call's time, none before it is wanted. The caller's abort ends them at any
 * time, also between two of them.
 *
 * @param make Gets a signal that aborts when an item came too late, when the caller gives up, and when nobody reads on.
 */
export async function* boundedItems<T>(
  bounds: CallBounds,
  make: (signal: AbortSignal) => AsyncGenerator<T>,
): AsyncGenerator<T, void, undefined> {
  const { clock, signal } = bounds;
  const whole = new AbortController();
  const onAbort = () => whole.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', onAbort, { once: true });
  const items = make(whole.signal);
  let ended = false;
  try {
    while (true) {
      const next = await boundedCall(bounds, (late) => {
        setDeadline(whole.signal, { clock, at: deadlineOf(late, clock) });
        late.addEventListener('abort', () => whole.abort(late.reason), { once: true });
        return items.next();
      });
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    if (!ended) {
      whole.abort(new Error('Nobody reads on'));
      // Not waited for: what gives nothing may not end either.
      void items.return(undefined).catch(() => {});
    }
  }
}
