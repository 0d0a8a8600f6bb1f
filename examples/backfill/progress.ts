import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import type { BackfillEvent } from './backfill.ts';
import type { LoadedTable } from './load-season.ts';

/** Shows how far the backfill is. */
export interface ProgressView {
  loaded(sport: string, table: LoadedTable): void;
  take(event: BackfillEvent): void;
  end(): void;
}

/** On a terminal a bar that changes in place; elsewhere a line for each twentieth part. */
export function progressView(out: NodeJS.WriteStream): ProgressView {
  const update = out.isTTY ? createLogUpdate(out) : undefined;
  const print = (text: string) => (update === undefined ? out.write(`${text}\n`) : update.persist(text));
  let level = '';
  let twentieth = -1;
  return {
    loaded(sport, { table, rows }) {
      print(`${sport}  ${table}  ${rows === undefined ? 'loaded before' : `${rows} rows`}`);
    },
    take(event) {
      if (event.kind === 'level') {
        level = event.processors.join(', ');
        print(pc.bold(level));
        return;
      }
      const { result, done, total } = event;
      if (result.status === 'failed' || result.status === 'timed_out')
        print(`${result.key}: ${pc.red(`${result.reason} ${String(result.error)}`)}`);
      const text = `${bar(done, total)}  ${done} of ${total}  ${pc.dim(result.key)}`;
      if (update !== undefined) update(text);
      else if (Math.floor((20 * done) / total) > twentieth) {
        twentieth = Math.floor((20 * done) / total);
        out.write(`${done} of ${total}  ${result.key}\n`);
      }
    },
    end() {
      update?.clear();
      update?.done();
    },
  };
}

function bar(done: number, total: number): string {
  const width = 40;
  const full = Math.round((width * done) / Math.max(1, total));
  return pc.green('█'.repeat(full)) + pc.dim('░'.repeat(width - full));
}
