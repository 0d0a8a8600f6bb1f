/**
 * What `produce` gives, one at a time: it goes on only when the next is wanted, and its `give` throws once nobody wants any more. Ends
 * when `produce` has.
 */
export async function* handed<T>(
  produce: (give: (item: T) => Promise<void>) => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  let wanted = quiet<void>();
  let item = quiet<{ readonly value: T } | undefined>();
  const give = async (value: T) => {
    item.resolve({ value });
    await wanted.promise;
  };
  const ended = wanted.promise.then(() => produce(give));
  ended.then(
    () => item.resolve(undefined),
    (error: unknown) => item.reject(error),
  );
  try {
    while (true) {
      wanted.resolve();
      wanted = quiet();
      const next = await item.promise;
      if (next === undefined) return;
      item = quiet();
      yield next.value;
    }
  } finally {
    wanted.reject(new Error('Nobody wants any more'));
    await ended.catch(() => {});
  }
}

/** A promise whose rejection may go unheard. */
function quiet<T>(): PromiseWithResolvers<T> {
  const resolvers = Promise.withResolvers<T>();
  resolvers.promise.catch(() => {});
  return resolvers;
}
