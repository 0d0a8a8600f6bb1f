// A test that needs more calls than this to look at counts them itself.
const mostKept = 10_000;

/** Keeps an item; of more than 10,000 the oldest is forgotten. */
export function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > mostKept) list.shift();
}
