import type { WriteResult } from '../clients/index.ts';
import { failed, succeeded } from './outcomes.ts';
import type { Run } from './run.ts';
import { live, RunBase } from './run-base.ts';
import type { FailureReason, RunResult } from './run-result.ts';

/**
 * Extract, validate, transform, load: four steps, each timed, each failing under its own reason.
 *
 * @typeParam O The options of `run`.
 * @typeParam Raw What extraction gives.
 * @typeParam Row A row of the output.
 */
export abstract class ProcessorBase<O, Raw, Row extends object> extends RunBase<O> {
  /** Reads what the work needs, through the run's clients. */
  protected abstract extract(run: Run<O>): Promise<Raw>;

  /** Throws (an InvalidDataError, say) if what was read must not be worked on. Default: nothing is refused. */
  protected validate(_raw: Raw, _run: Run<O>): void | Promise<void> {}

  /** Computes the output's rows. */
  protected abstract transform(raw: Raw, run: Run<O>): readonly Row[] | Promise<readonly Row[]>;

  /** Writes the rows. Default: they replace the output's partition of the run's date, under the run's fence. */
  protected load(rows: readonly Row[], run: Run<O>): Promise<WriteResult> {
    const { output, partition } = this.definition;
    return run.bigquery.replacePartition(output, { column: partition, value: run.date }, rows);
  }

  protected override async work(run: Run<O>): Promise<RunResult> {
    const current = live(run);
    let reason: FailureReason = 'extract_failed';
    try {
      const raw = await run.step('extract', () => this.extract(run));
      current.rowsExtracted = Array.isArray(raw) ? raw.length : 0;
      reason = 'validation_failed';
      await run.step('validate', () => this.validate(raw, run));
      reason = 'transform_failed';
      const rows = await run.step('transform', () => this.transform(raw, run));
      reason = 'load_failed';
      const written = await run.step('load', () => this.load(rows, run));
      return succeeded(run, { rowsWritten: written.rows });
    } catch (error) {
      return failed(run, reason, error);
    }
  }
}
