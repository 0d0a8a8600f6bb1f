import type { Work } from './attempt.ts';
import type { Call } from './call.ts';

// As many as are kept for the next calls; what more there are while more calls are under way is garbage afterwards.
const mostKept = 128;

/** Watchers that are free: making their two functions anew for each call would be most of what a call allocates. */
export class Watchers {
  readonly #free: Watcher[] = [];

  /** Tells the call how the attempt's work ended. */
  watch(work: Promise<unknown>, call: Call, attempt: Work): void {
    const watcher = this.#free.pop() ?? new Watcher(this.#free);
    watcher.call = call;
    watcher.attempt = attempt;
    work.then(watcher.succeeded, watcher.failed);
  }
}

/** Hears of one promise at a time, which calls one of its functions once; it is free again when that is done. */
class Watcher {
  call: Call | undefined;
  attempt: Work | undefined;
  readonly succeeded: (value: unknown) => void;
  readonly failed: (error: unknown) => void;

  constructor(free: Watcher[]) {
    // Twice the same but for one word: this is run for every call.
    this.succeeded = (value) => {
      const { call, attempt } = this;
      this.call = undefined;
      this.attempt = undefined;
      if (free.length < mostKept) free.push(this);
      if (attempt !== undefined) call?.workEnded(attempt, true, value);
    };
    this.failed = (error) => {
      const { call, attempt } = this;
      this.call = undefined;
      this.attempt = undefined;
      if (free.length < mostKept) free.push(this);
      if (attempt !== undefined) call?.workEnded(attempt, false, error);
    };
  }
}
