import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { createHttpClient, httpService } from '../../src/clients/index.ts';
import { bindHttp } from '../../src/processor/bound-clients.ts';
import { seededRandom } from '../../src/testing/index.ts';
import { deadlineTimer, realClock } from '../../src/time/index.ts';
import { heapAfterCollection } from '../faults/heap.ts';
import { serve, until } from './loopback.ts';

// All of them take minutes on a busy machine.
const requests = process.env.CI ? 100_000 : 5_000;
const concurrent = 50;

it(`leaves no socket, listener or timer after ${requests} requests with aborts`, async () => {
  const random = seededRandom(7);
  const server = await serve((request, response) => {
    if (request.url !== '/never') response.end('fine');
  });
  const client = createHttpClient({ connections: concurrent });
  const service = httpService(client, { clock: realClock, random });
  const run = new AbortController();
  const http = bindHttp(service, {
    signal: run.signal,
    fence: { key: 'output/2026-01-15', token: 1 },
    remaining: () => 600_000,
  });
  const enough = new Error('enough');
  const counts = { answered: 0, given: 0 };

  /** A third is given up by its own caller: before it is sent, on its way, as its answer comes in, or while none does. */
  const one = async (number: number) => {
    if (number % 3 > 0) {
      expect((await http.request(server.origin)).text()).toBe('fine');
      counts.answered += 1;
      return;
    }
    const caller = new AbortController();
    const path = number % 2 > 0 ? '/never' : '/';
    const call = http.request(`${server.origin}${path}`, { signal: caller.signal });
    const turns = Math.floor(4 * random());
    const abort = (left: number) => (left > 0 ? setImmediate(abort, left - 1) : caller.abort(enough));
    abort(turns);
    const ended = await call.catch((error: unknown) => error);
    if (ended === enough) counts.given += 1;
    else expect(ended).toMatchObject({ status: 200 });
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  };
  const many = async (count: number) => {
    let left = count;
    const worker = async () => {
      while (left-- > 0) await one(left);
    };
    await Promise.all(Array.from({ length: concurrent }, worker));
  };

  await many(requests / 5);
  const heap = heapAfterCollection();
  await many((4 * requests) / 5);

  expect(counts.answered).toBeGreaterThan(requests / 2);
  expect(counts.given).toBeGreaterThan(requests / 20);
  expect(getEventListeners(run.signal, 'abort')).toEqual([]);
  expect(deadlineTimer(realClock).size).toBe(0);
  const { calls, failures, circuit } = service.statistics()[server.origin] ?? {};
  expect({ calls, failures, circuit }).toEqual({ calls: requests, failures: 0, circuit: 'closed' });
  // Connections that closed with the last aborts may still be at it.
  await until(() => server.sockets.size <= concurrent);
  expect(heapAfterCollection() - heap).toBeLessThan(8 * 2 ** 20);
  await client.close();
  await until(() => server.sockets.size === 0);
  await server.close();
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap')).toEqual([]);
}, 600_000);
