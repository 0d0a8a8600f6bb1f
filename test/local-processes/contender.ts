// One of several processes on one state file: adds one to the record that all of them change, so many times as it is told.
import { type Tally, tallies } from './tally.ts';
import { localState } from '../../src/local/index.ts';

const [file, name, times] = process.argv.slice(2) as [string, string, string];

const state = localState({ file });
const shared = state.collection(tallies);
for (let done = 0; done < Number(times); ) {
  const { entry, time } = await shared.get('shared');
  const by = entry?.readable ? entry.value.by : {};
  const mine = (by[name] ?? 0) + 1;
  const next: Tally = { total: (entry?.readable ? entry.value.total : 0) + 1, by: { ...by, [name]: mine } };
  const put = await shared.put('shared', next, { ifVersion: entry?.version, expires: time + 3_600_000 });
  if (!put.ok) continue;
  done++;
  process.send?.({ version: Number(put.version), time: put.time, total: next.total, mine });
}
state.close();
process.disconnect?.();
