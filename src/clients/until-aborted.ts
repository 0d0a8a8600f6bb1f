/**
 * The source's items until the signal aborts: then its reason is thrown, also while the source gives nothing. The source is let go of
 * however it ends.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  // It is waited for only while an item is.
  aborted.catch(() => {});
  let ended = false;
  try {
    while (true) {
      signal.throwIfAborted();
      const next = await Promise.race([items.next(), aborted]);
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
    // Not waited for: a source that gives nothing may not end either.
    if (!ended) void items.return?.().catch(() => {});
  }
}
