import {
  type Backoff,
  constant,
  decorrelatedJitter,
  equalJitter,
  exponential,
  fullJitter,
} from 'breakwater/policy';
import Table from 'cli-table3';

// N clients write one row under optimistic concurrency: of those whose write arrives while another is on its way, all but the
// first must read again. As in M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

const options = { base: 5, cap: 2_000 };
const backoffs: Readonly<Record<string, Backoff>> = {
  none: constant(0),
  exponential: exponential(options),
  'equal jitter': equalJitter(options),
  'full jitter': fullJitter(options),
  'decorrelated jitter (cap inside)': decorrelatedJitter(options),
};

/** A normally distributed delay on the network, in milliseconds; never negative. */
function network(): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Math.abs(10 + 2 * normal);
}

/** One trial: how many writes all made together, and when the last was done. */
function trial(clients: number, backoff: Backoff): { readonly calls: number; readonly time: number } {
  const waiting = Array.from({ length: clients }, () => ({
    at: network(),
    reading: true,
    attempt: 0,
    previousDelay: 0,
    version: 0,
  }));
  let version = 0;
  let calls = 0;
  let time = 0;
  while (waiting.length > 0) {
    let soonest = 0;
    for (let index = 1; index < waiting.length; index++) {
      if ((waiting[index] as { at: number }).at < (waiting[soonest] as { at: number }).at) soonest = index;
    }
    const client = waiting[soonest] as (typeof waiting)[number];
    time = client.at;
    if (client.reading) {
      client.reading = false;
      client.version = version;
      client.at = time + network();
      continue;
    }
    calls += 1;
    if (client.version === version) {
      version += 1;
      waiting.splice(soonest, 1);
      continue;
    }
    client.attempt += 1;
    const delay = Number(
      backoff(
        { error: undefined, attempt: client.attempt, previousDelay: client.previousDelay },
        Math.random,
      ),
    );
    client.previousDelay = delay;
    client.reading = true;
    client.at = time + delay + network();
  }
  return { calls, time };
}

const trials = Number(process.argv[2] ?? 200);
const table = new Table({
  head: ['backoff', 'N=50: calls', 'ms', 'N=100: calls', 'ms'],
  colAligns: ['left', 'right', 'right', 'right', 'right'],
  style: { head: [], border: [], compact: true },
});
for (const [name, backoff] of Object.entries(backoffs)) {
  const cells = [50, 100].flatMap((clients) => {
    const all = Array.from({ length: trials }, () => trial(clients, backoff));
    const mean = (field: 'calls' | 'time') =>
      Math.round(all.reduce((sum, one) => sum + one[field], 0) / trials);
    return [mean('calls'), mean('time')];
  });
  table.push([name, ...cells]);
}
console.log(table.toString());
