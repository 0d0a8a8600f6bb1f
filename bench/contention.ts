import {
  type Backoff,
  constant,
  decorrelatedJitter,
  equalJitter,
  exponential,
  fullJitter,
} from 'breakwater/policy';
import { seededRandom } from 'breakwater/testing';
import Table from 'cli-table3';

// N clients write one row under optimistic concurrency: of those that read the same version, all but the one whose write arrives
// first must read again. As in M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

const base = 5;
const cap = 2_000;
// The article's first step is twice its base.
const options = { base: 2 * base, cap };
const backoffs: Readonly<Record<string, Backoff>> = {
  none: constant(0),
  exponential: exponential(options),
  'equal jitter': equalJitter(options),
  'full jitter': fullJitter(options),
  // As in the article; ours differs once the cap is reached.
  'decorrelated jitter, cap outside': ({ previousDelay }, random) =>
    Math.min(cap, base + random() * (3 * Math.max(base, previousDelay) - base)),
  'decorrelated jitter, cap inside': decorrelatedJitter({ base, cap }),
};

/** The delay of a message on the network, in milliseconds: normally distributed, never negative. */
function network(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.abs(10 + 2 * normal);
}

/** Which message of the client arrives next. */
type Next = 'read' | 'read answered' | 'write' | 'write answered';

interface Client {
  at: number;
  next: Next;
  version: number;
  won: boolean;
  attempt: number;
  previousDelay: number;
}

/** One trial: how many writes all made together, and when the last had its answer. */
function trial(
  clients: number,
  backoff: Backoff,
  random: () => number,
): { readonly calls: number; readonly time: number } {
  const waiting = Array.from(
    { length: clients },
    (): Client => ({
      at: network(random),
      next: 'read',
      version: 0,
      won: false,
      attempt: 0,
      previousDelay: 0,
    }),
  );
  let version = 0;
  let calls = 0;
  let time = 0;
  const send = (client: Client, next: Next, delay = 0) => {
    client.next = next;
    client.at = time + delay + network(random);
  };
  while (waiting.length > 0) {
    let soonest = 0;
    for (let index = 1; index < waiting.length; index++)
      if ((waiting[index] as Client).at < (waiting[soonest] as Client).at) soonest = index;
    const client = waiting[soonest] as Client;
    time = client.at;
    if (client.next === 'read') {
      client.version = version;
      send(client, 'read answered');
    } else if (client.next === 'read answered') {
      send(client, 'write');
    } else if (client.next === 'write') {
      calls += 1;
      client.won = client.version === version;
      if (client.won) version += 1;
      send(client, 'write answered');
    } else if (client.won) {
      waiting.splice(soonest, 1);
    } else {
      client.attempt += 1;
      const { attempt, previousDelay } = client;
      client.previousDelay = Number(backoff({ error: undefined, attempt, previousDelay }, random));
      send(client, 'read', client.previousDelay);
    }
  }
  return { calls, time };
}

const trials = Number(process.argv[2] ?? 1_000);
const table = new Table({
  head: ['backoff', 'N=50: calls', 'ms', 'N=100: calls', 'ms'],
  colAligns: ['left', 'right', 'right', 'right', 'right'],
  style: { head: [], border: [], compact: true },
});
for (const [name, backoff] of Object.entries(backoffs)) {
  const random = seededRandom(1);
  const cells = [50, 100].flatMap((clients) => {
    const all = Array.from({ length: trials }, () => trial(clients, backoff, random));
    const mean = (field: 'calls' | 'time') =>
      Math.round(all.reduce((sum, one) => sum + one[field], 0) / trials);
    return [mean('calls'), mean('time')].map((figure) => figure.toLocaleString('en'));
  });
  table.push([name, ...cells]);
}
console.log(table.toString());
