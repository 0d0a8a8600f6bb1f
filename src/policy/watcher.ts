import type { Work } from './attempt.ts';
import { whenSettled } from './settled.ts';

// As many as are kept for the next calls; what more there are while more calls are under way is garbage afterwards.
const mostKept = 128;

// Making their two functions anew for each call would be most of what a call allocates.
const free: Watcher[] = [];

/** Tells the attempt, once, how its work ended. */
export function watch(work: Promise<unknown>, attempt: Work): void {
  const watcher = free.pop() ?? new Watcher();
  watcher.attempt = attempt;
  // Once: the watcher may be another call's by the time of a second.
  whenSettled(work, watcher.succeeded, watcher.failed);
}

/** Hears of one promise at a time, which calls one of its functions once; it is free again when that is done. */
class Watcher {
  attempt: Work | undefined;
  readonly succeeded: (value: unknown) => void;
  readonly failed: (error: unknown) => void;

  constructor() {
    // Twice the same but for one word: this is run for every call.
    this.succeeded = (value) => {
      const { attempt } = this;
      this.attempt = undefined;
      if (free.length < mostKept) free.push(this);
      attempt?.settled(true, value);
    };
    this.failed = (error) => {
      const { attempt } = this;
      this.attempt = undefined;
      if (free.length < mostKept) free.push(this);
      attempt?.settled(false, error);
    };
  }
}
