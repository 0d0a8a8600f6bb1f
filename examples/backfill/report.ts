import type { RunResult } from 'breakwater';
import Table from 'cli-table3';
import type { ExampleProcessor } from '../processors/index.ts';
import type { CheckedOutput } from './check.ts';

export interface BackfillReport {
  readonly results: readonly RunResult[];
  readonly processors: readonly ExampleProcessor[];
  /** Rows that the outputs hold now. */
  readonly rows: Readonly<Record<string, number>>;
  readonly checked: readonly CheckedOutput[];
  readonly seconds: { readonly load: number; readonly runs: number };
  /** Bytes, the most that the process has had. */
  readonly peakMemory: number;
}

export function reportText(report: BackfillReport): string {
  const { results, processors, rows, checked, seconds, peakMemory } = report;
  const table = new Table({
    head: ['output', 'done', 'skipped', 'failed', 'rows', 'seconds'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  const outputs = [...new Set(processors.map(({ processor }) => processor.output))];
  for (const output of outputs) {
    const own = results.filter(({ key }) => key.startsWith(`${output}/`));
    const count = (...statuses: string[]) => own.filter(({ status }) => statuses.includes(status)).length;
    const busy = own.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1_000;
    table.push([
      output,
      count('succeeded'),
      count('skipped'),
      count('failed', 'timed_out', 'cancelled'),
      rows[output] ?? 0,
      busy.toFixed(1),
    ]);
  }
  const lines = [table.toString(), ...skips(results), ...checks(checked)];
  lines.push(
    `${results.length} runs in ${seconds.runs.toFixed(0)} s, after ${seconds.load.toFixed(0)} s of loading; at most ${Math.round(peakMemory / 2 ** 20)} MB of memory`,
  );
  return lines.join('\n');
}

function skips(results: readonly RunResult[]): string[] {
  const skipped = results.filter((result) => result.status === 'skipped');
  const reasons = [...Map.groupBy(skipped, ({ reason }) => reason)].map(
    ([reason, runs]) => `${reason} ${runs.length}`,
  );
  const missing = skipped.flatMap(({ key, missing }) => missing.map((line) => `  ${key} waits: ${line}`));
  return reasons.length === 0 ? [] : [`skipped: ${reasons.join(', ')}`, ...missing];
}

function checks(checked: readonly CheckedOutput[]): string[] {
  if (checked.length === 0) return [];
  const rows = checked.reduce((sum, output) => sum + output.rows, 0);
  const wrong = checked.flatMap(({ output, differences }) =>
    differences.slice(0, 5).map((line) => `  ${output}  ${line}`),
  );
  const days = [...new Set(checked.map(({ date }) => date))].join(', ');
  return [
    `computed again without SQL: ${rows} rows of ${days}: ${wrong.length === 0 ? 'all equal to 1e-6' : 'these differ'}`,
    ...wrong,
  ];
}
