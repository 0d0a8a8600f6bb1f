import Table from 'cli-table3';
import pc from 'picocolors';
import type { SlateReport } from './run-slate.ts';
import { statusText } from '../status-text.ts';

/** Prints the report: one line of JSON, or tables for people. */
export function printSlateReport(
  report: SlateReport,
  options: { readonly json: boolean; readonly out?: string | undefined },
): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const lines = [
    `Slate of ${report.date}: ${report.files.map(({ table, rows }) => `${table} ${rows}`).join(', ')} rows`,
  ];
  for (const { key, runId, reason } of report.recovered)
    lines.push(`recovered ${key}: run ${runId} had ended without a word (${reason})`);
  const table = new Table({
    head: ['processor', 'outcome', 'attempt', 'rows', 'ms'],
    style: { head: [], border: [] },
  });
  for (const run of report.runs) {
    table.push([run.processor, statusText(run.status, run.reason), run.attempt, run.rows, run.durationMs]);
  }
  lines.push(table.toString());
  for (const run of report.runs) {
    for (const line of run.missing) lines.push(`${run.processor} waits: ${line}`);
    if (run.error !== null) lines.push(`${run.processor}: ${pc.red(run.error)}`);
  }
  for (const { processor, tables } of report.leftOut)
    lines.push(pc.dim(`${processor} left out: no rows in ${tables.join(', ')}`));
  if (options.out !== undefined) lines.push(`Outputs are in ${options.out}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}
