/** A call that a closed circuit let through: all that a rule may look at. */
export interface NaiveCall {
  readonly from: number;
  /** Undefined while it runs. */
  end: number | undefined;
  how: 'success' | 'failure' | 'ignored' | undefined;
}

/** When a circuit opens, as one would say it, for the model: looks through all calls there were, in the order in which they ended. */
export interface NaiveRule {
  /** After so long a call that still runs is counted. */
  readonly marks: readonly number[];
  opens(calls: readonly NaiveCall[], now: number): boolean;
}

interface Over {
  readonly threshold: number;
  /** Milliseconds, or the number of calls. */
  readonly window: number | { readonly calls: number };
  readonly minimumCalls: number;
}

export function naiveConsecutive(failures: number): NaiveRule {
  return {
    marks: [],
    opens: (calls) => {
      const hows = calls.map(({ how }) => how).filter((how) => how === 'success' || how === 'failure');
      return hows.length >= failures && hows.slice(-failures).every((how) => how === 'failure');
    },
  };
}

export function naiveFailureRate(over: Over): NaiveRule {
  return {
    marks: [],
    opens: (calls, now) => {
      const counted = calls.filter(({ how }) => how === 'success' || how === 'failure');
      return tooMany(
        over,
        counted.map(({ end, how }) => ({ at: end as number, hit: how === 'failure' })),
        now,
      );
    },
  };
}

export function naiveSlowCalls(over: Over & { readonly slowerThan: number }): NaiveRule {
  const { slowerThan } = over;
  return {
    marks: [slowerThan],
    opens: (calls, now) => {
      const seen = calls.flatMap(({ from, end, how }): Seen[] => {
        // It is slow from that moment on, whatever becomes of it.
        if ((end ?? now) - from >= slowerThan) return [{ at: from + slowerThan, hit: true }];
        return how === 'success' || how === 'failure' ? [{ at: end as number, hit: false }] : [];
      });
      // Calls became slow at a time before others ended then.
      seen.sort((one, other) => one.at - other.at || Number(other.hit) - Number(one.hit));
      return tooMany(over, seen, now);
    },
  };
}

export function naiveAnyOf(rules: readonly NaiveRule[]): NaiveRule {
  return {
    marks: rules.flatMap(({ marks }) => marks),
    opens: (calls, now) => rules.some((rule) => rule.opens(calls, now)),
  };
}

interface Seen {
  readonly at: number;
  readonly hit: boolean;
}

function tooMany({ threshold, window, minimumCalls }: Over, seen: readonly Seen[], now: number): boolean {
  const within = typeof window === 'number' ? lately(seen, window, now) : seen.slice(-window.calls);
  const hits = within.filter(({ hit }) => hit).length;
  return within.length >= minimumCalls && hits / within.length >= threshold;
}

/** By tenths of the window: those of the present tenth and of the nine before. */
function lately(seen: readonly Seen[], window: number, now: number): readonly Seen[] {
  const tenth = (time: number) => Math.floor(time / (window / 10));
  return seen.filter(({ at }) => tenth(at) > tenth(now) - 10);
}
