import type { SweepReport } from './sweep-report.ts';
import { type SweepCall, type SweeperParts, sweepOnce } from './sweeper.ts';

/** The sweeps of one process: they look one after the other, and their runs are at work side by side. */
export interface Sweeps {
  /** The sweep that is at its first look, or one of its own. */
  join(call: SweepCall): Promise<SweepReport>;
  /** One that has not begun to look, and so sees all that was written before. */
  next(call: SweepCall): Promise<SweepReport>;
}

export function createSweeps(parts: SweeperParts): Sweeps {
  let lastLook: Promise<unknown> = Promise.resolve();
  let toLook: Promise<SweepReport> | undefined;
  let looking: Promise<SweepReport> | undefined;

  function begin(call: SweepCall): Promise<SweepReport> {
    const sweep = sweepOnce(parts, call, (look) => {
      const looked = lastLook.then(async () => {
        if (toLook === sweep) {
          toLook = undefined;
          looking = sweep;
        }
        try {
          return await look();
        } finally {
          if (looking === sweep) looking = undefined;
        }
      });
      lastLook = looked.catch(() => {});
      return looked;
    });
    toLook = sweep;
    const isOver = () => {
      // One whose caller had given up before it began has never looked.
      if (toLook === sweep) toLook = undefined;
    };
    sweep.then(isOver, isOver);
    return sweep;
  }

  return {
    join: (call) => looking ?? toLook ?? begin(call),
    next: (call) => toLook ?? begin(call),
  };
}
