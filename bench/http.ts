import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import {
  createHttpClient,
  defineProcessor,
  type HttpClient,
  httpService,
  realClock,
  type Run,
  RunBase,
  type RunResult,
  succeeded,
} from 'breakwater';
import { createTestContext, FakeStore } from 'breakwater/testing';
import Table from 'cli-table3';
import { Pool } from 'undici';
import { z } from 'zod';
import { median } from './measure.ts';

// Requests a second on loopback, fifty at a time, beside undici's own pool. The server is a process of its own. Ends with status 1 where a
// variant misses its limit.

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '41' },
    /** Of one variant in one round. */
    requests: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '50' },
  },
});
const concurrent = 50;
const connections = Number(values.connections);

const games = z.object({
  games: z.array(z.object({ id: z.string(), home: z.string(), away: z.string(), spread: z.number() })),
});

interface Variant {
  readonly name: string;
  /** What it is held against, and the least share of its rate that it must reach. */
  readonly limit?: readonly [peer: string, least: number];
  readonly call: () => Promise<unknown>;
}

const server = fork(new URL('http/server.ts', import.meta.url), { execArgv: process.execArgv });
const [address] = (await once(server, 'message')) as [AddressInfo];
const origin = `http://127.0.0.1:${address.port}`;
const url = `${origin}/v1/odds?date=2026-01-15`;

const pool = new Pool(origin, { connections, pipelining: 1 });
const client = createHttpClient({ connections });
const service = httpService(client, { clock: realClock, random: Math.random });

/** Holds a run open, so that its clients are the ones that processors have. */
class Holding extends RunBase<{ date: string }> {
  static readonly processor = defineProcessor({ name: 'Holding', sport: 'nba', output: 'bench.http' });
  upstream() {
    return [];
  }
  protected optionsSchema() {
    return z.object({ date: z.string() });
  }
  protected dateOf({ date }: { date: string }) {
    return date;
  }
  protected async work(run: Run<{ date: string }>): Promise<RunResult> {
    await measure(run.http);
    return succeeded(run);
  }
}

function variantsOf(http: HttpClient): readonly Variant[] {
  const { signal } = new AbortController();
  const path = '/v1/odds?date=2026-01-15';
  return [
    {
      name: 'Pool.request',
      call: async () => (await pool.request({ path, method: 'GET' })).body.json(),
    },
    {
      name: 'Pool.request, a signal for all',
      call: async () => (await pool.request({ path, method: 'GET', signal })).body.json(),
    },
    {
      name: 'Pool.request, a signal each',
      call: async () =>
        (await pool.request({ path, method: 'GET', signal: new AbortController().signal })).body.json(),
    },
    {
      name: 'Pool.request, a signal each, zod',
      call: async () => {
        const { body } = await pool.request({ path, method: 'GET', signal: new AbortController().signal });
        return games.parse(await body.json());
      },
    },
    {
      name: 'the client alone',
      limit: ['Pool.request', 0.9],
      call: async () => (await client.request(url)).json(),
    },
    {
      name: 'the client alone, with a signal',
      limit: ['Pool.request, a signal each', 0.8],
      call: async () => (await client.request(url, { signal })).json(),
    },
    {
      name: 'the pipeline, no signal',
      limit: ['Pool.request', 0.9],
      call: async () => (await service.request(url)).json(),
    },
    {
      name: "the pipeline, with a run's signal",
      limit: ['Pool.request, a signal each', 0.8],
      call: async () => (await http.request(url)).json(),
    },
    {
      name: "the pipeline, with a run's signal and a schema",
      limit: ['Pool.request, a signal each, zod', 0.8],
      call: () => http.getJson(url, { schema: games }),
    },
  ];
}

interface Measured extends Variant {
  /** Requests a second, by round. */
  readonly rates: number[];
  /** Microseconds of this process's CPU a request, by round. */
  readonly cpu: number[];
}

async function measure(http: HttpClient): Promise<void> {
  const variants = variantsOf(http)
    .filter(({ name }) => words.every((word) => name.includes(word)))
    .map((variant): Measured => ({ ...variant, rates: [], cpu: [] }));
  const requests = Number(values.requests);
  for (const { call } of variants) await load(call, 2 * requests);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const { call, rates, cpu } = variants[(turn + round) % variants.length] as Measured;
      const usage = process.cpuUsage();
      const start = performance.now();
      await load(call, requests);
      rates.push((1_000 * requests) / (performance.now() - start));
      const { user, system } = process.cpuUsage(usage);
      cpu.push((user + system) / requests);
    }
  }
  print(variants);
}

/** So many calls, fifty of them under way at a time. */
async function load(call: () => Promise<unknown>, calls: number): Promise<void> {
  let left = calls;
  const one = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: concurrent }, one));
}

function print(variants: readonly Measured[]): void {
  const [bare] = variants as readonly [Measured];
  const share = (of: Measured, to: Measured) =>
    median(of.rates.map((rate, round) => rate / (to.rates[round] as number)));
  const table = new Table({
    head: ['', 'requests/s', 'µs CPU', 'to the first', 'to its peer', 'at least'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  const missed: string[] = [];
  for (const variant of variants) {
    const peer = variants.find(({ name }) => name === variant.limit?.[0]);
    const [, least] = variant.limit ?? [];
    const reached = peer === undefined ? undefined : share(variant, peer);
    if (reached !== undefined && least !== undefined && reached < least)
      missed.push(`${variant.name}: ${reached.toFixed(3)} of ${peer?.name}, at least ${least}`);
    table.push([
      variant.name,
      Math.round(median(variant.rates)),
      median(variant.cpu).toFixed(1),
      share(variant, bare).toFixed(2),
      reached?.toFixed(2) ?? '',
      least ?? '',
    ]);
  }
  console.log(table.toString());
  for (const miss of missed) console.error(`Too slow: ${miss}`);
  if (missed.length > 0) process.exitCode = 1;
}

const context = {
  ...createTestContext(),
  clock: realClock,
  store: new FakeStore({ clock: realClock }),
  http: service,
};
const [result] = await new Holding(context).run({ date: '2026-01-15' });
await Promise.all([client.close(), pool.close()]);
server.disconnect();
if (result.status !== 'succeeded')
  throw new Error(`The run ended as ${result.status}`, { cause: 'error' in result && result.error });
