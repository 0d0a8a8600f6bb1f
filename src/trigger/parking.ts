import type { Config } from '../context/index.ts';
import type { RunResult, Settlement } from '../processor/index.ts';

const longestPause = 30 * 60_000;

/**
 * What a run's end leaves to be done: the one owner of retries. Not ready waits for its data; what may work later waits
 * for its time, and is given up after so many attempts; what can't work is recorded and that is all.
 */
export function settlementOf(result: RunResult, config: Config, random: () => number): Settlement {
  const { giveUpAfter, attempts: most } = config.parking;
  const park = (
    wake: 'upstream' | 'time',
    nextLookIn: number,
    attempts: number,
    missing: readonly string[] = [],
  ): Settlement => ({
    park: {
      reason: result.reason,
      missing,
      attempts,
      wake,
      nextLookIn,
      giveUpAfter,
      detail: detailOf(result),
    },
  });
  // Only failures are attempts: waiting for data uses none up.
  const triesBefore = result.attempt - 1;
  switch (result.status) {
    case 'succeeded':
      return 'clear';
    case 'cancelled':
      return result.reason === 'shutdown'
        ? park('time', 0, triesBefore)
        : result.reason === 'operator'
          ? 'clear'
          : 'keep';
    case 'skipped':
      switch (result.reason) {
        case 'upstream_not_ready':
          return park('upstream', 0, triesBefore, result.missing);
        case 'upstream_unknown':
          return park('upstream', config.parking.lookEvery, triesBefore);
        case 'circuit_open':
          return park('time', result.retryAfter ?? config.circuit.openFor, triesBefore);
        case 'already_running':
          return 'keep';
        default:
          return 'clear';
      }
    case 'timed_out':
    case 'failed': {
      if (result.status === 'failed' && result.reason === 'lost_lease') return 'keep';
      if (result.status === 'failed' && result.errorKind === 'permanent')
        return { giveUp: { reason: result.reason } };
      if (result.attempt >= most) return { giveUp: { reason: 'gave_up' } };
      const floor = result.status === 'failed' ? (result.retryAfter ?? 0) : 0;
      const pause = Math.min(longestPause, config.parking.lookEvery * 2 ** (result.attempt - 1));
      // Equal jitter: at least half of the pause, so that a struggling dependency does get its rest.
      return park('time', Math.max(floor, pause / 2 + (random() * pause) / 2), result.attempt);
    }
  }
}

function detailOf(result: RunResult): string | null {
  const error = 'error' in result ? result.error : undefined;
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : null;
}
