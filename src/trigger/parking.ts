import type { Config } from '../context/index.ts';
import type { RunResult, Settlement } from '../processor/index.ts';

const longestPause = 30 * 60_000;

/**
 * What a run's end leaves to be done: the one owner of retries. Not ready waits for its data; what may work later waits
 * for its time, and is given up after so many attempts; what can't work is recorded and that is all.
 */
export function settlementOf(result: RunResult, config: Config, random: () => number): Settlement {
  const { giveUpAfter, attempts: most, lookEvery } = config.parking;
  const park = (how: {
    readonly wake: 'upstream' | 'time' | 'circuit';
    readonly nextLookIn: number;
    readonly startIn?: number;
    readonly attempts?: number;
    readonly missing?: readonly string[];
  }): Settlement => {
    // Only failures are attempts: waiting for data uses none up.
    const { attempts = result.attempt - 1, missing = [] } = how;
    const { reason } = result;
    return { park: { ...how, reason, missing, attempts, giveUpAfter, detail: detailOf(result) } };
  };
  switch (result.status) {
    case 'succeeded':
      return 'clear';
    case 'cancelled':
      if (result.reason === 'shutdown') return park({ wake: 'time', nextLookIn: 0 });
      return result.reason === 'operator' ? 'clear' : 'keep';
    case 'skipped':
      switch (result.reason) {
        case 'upstream_not_ready':
          return park({ wake: 'upstream', nextLookIn: lookEvery, missing: result.missing });
        case 'upstream_unknown':
          return park({ wake: 'upstream', nextLookIn: lookEvery });
        case 'circuit_open': {
          const startIn = result.retryAfter ?? config.circuit.openFor;
          return park({ wake: 'circuit', nextLookIn: Math.min(startIn, lookEvery), startIn });
        }
        case 'already_running':
          return 'keep';
        default:
          return 'clear';
      }
    case 'timed_out':
    case 'failed': {
      // A claim that another run has taken is not given back, and nothing is settled: this is one that nobody has taken.
      const isOver = result.status === 'failed' && result.reason !== 'lost_lease';
      if (isOver && result.errorKind === 'permanent') return { giveUp: { reason: result.reason } };
      if (result.attempt >= most) return { giveUp: { reason: 'gave_up' } };
      const floor = result.status === 'failed' ? (result.retryAfter ?? 0) : 0;
      const pause = pauseBefore(result.attempt, config);
      // Equal jitter: at least half of the pause, so that a struggling dependency does get its rest.
      const nextLookIn = Math.max(floor, pause / 2 + (random() * pause) / 2);
      return park({ wake: 'time', nextLookIn, attempts: result.attempt });
    }
  }
}

/** What a run of a paused processor leaves: it waits until the processor is resumed. */
export function pausedSettlement(config: Config): Settlement {
  const { giveUpAfter } = config.parking;
  return {
    park: {
      reason: 'disabled',
      missing: [],
      attempts: 0,
      wake: 'time',
      nextLookIn: 0,
      giveUpAfter,
      detail: null,
    },
  };
}

/** Milliseconds to wait after so many failures: the first pause, doubled with each, at most half an hour. */
export function pauseBefore(failures: number, config: Config): number {
  return Math.min(longestPause, config.parking.lookEvery * 2 ** (failures - 1));
}

function detailOf(result: RunResult): string | null {
  const error = 'error' in result ? result.error : undefined;
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : null;
}
