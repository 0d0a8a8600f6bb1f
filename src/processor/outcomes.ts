import type { Run } from './run.ts';
import { live } from './run-base.ts';
import type { FailureReason, RunResult, SkipReason } from './run-result.ts';

/** The result of a run whose work is done. */
export function succeeded<O>(
  run: Run<O>,
  stats: { readonly rowsExtracted?: number; readonly rowsWritten?: number } = {},
): RunResult {
  const current = live(run);
  current.rowsExtracted = stats.rowsExtracted ?? current.rowsExtracted;
  current.rowsWritten = stats.rowsWritten ?? current.rowsWritten;
  return current.succeeded();
}

/** The result of a run that has nothing to do, or not yet: no failure. */
export function skipped<O>(
  run: Run<O>,
  reason: SkipReason,
  details: { readonly missing?: readonly string[]; readonly error?: unknown } = {},
): RunResult {
  return live(run).skipped(reason, details);
}

/** The result of a run in which a step threw; a run that was stopped ends as how it was stopped. */
export function failed<O>(run: Run<O>, reason: FailureReason, error: unknown): RunResult {
  return live(run).failed(reason, error);
}
