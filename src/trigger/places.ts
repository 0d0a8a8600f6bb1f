/** Places at work. */
export interface Places {
  /** Does the work once a place is free: first come, first served. */
  take<T>(work: () => Promise<T>): Promise<T>;
}

/** At most `limit` are taken at once. */
export function createPlaces(limit: number): Places {
  let free = limit;
  const waiting: (() => void)[] = [];
  return {
    async take(work) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        // A place that is handed on is never free in between.
        if (next === undefined) free++;
        else next();
      }
    },
  };
}
