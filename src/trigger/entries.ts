import type { Collection, Entry } from '../store/index.ts';

const pageSize = 200;

/** All records of a collection (those due before a time, when one is given), page by page, each with the store's time. */
export async function* entriesOf<T>(
  collection: Collection<T>,
  query: { readonly dueBefore?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<{ readonly entry: Entry<T>; readonly time: number }> {
  let after: string | undefined;
  do {
    const page = await collection.list({ ...query, limit: pageSize, after });
    for (const entry of page.entries) yield { entry, time: page.time };
    after = page.next;
  } while (after !== undefined);
}
