import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GoogleContext, LogEntry } from '../../src/google/index.ts';
import { runRecords } from '../../src/store/index.ts';
import { skipWithoutFirestore } from '../emulators/firestore-emulator.ts';
import { type GoogleServices, startGoogleServices } from '../emulators/google-services.ts';
import type { Network } from '../emulators/tcp-proxy.ts';

const skip = skipWithoutFirestore();
const entry: LogEntry = { timestamp: '2026-01-15T12:00:00Z', severity: 'INFO', payload: { message: 'x' } };

// What calls end in is each adapter's own test; this is about the switches, which all the others trust.
describe.skipIf(skip !== undefined)(`a service that can be spoilt${skip ? ` (${skip})` : ''}`, () => {
  let services: GoogleServices;
  let context: GoogleContext;
  beforeAll(async () => {
    services = await startGoogleServices();
  }, 120_000);
  afterAll(() => services.close());
  beforeEach(async ({ onTestFinished }) => {
    // Of its own: none meets the circuit or the connection that another has left.
    context = services.context({ timeouts: { store: '60s' }, circuit: { failures: 1_000 }, random: () => 0 });
    onTestFinished(() => context.close());
  });

  type Name = keyof GoogleServices['networks'];

  /** One small call, bounded in time. */
  function call(name: Name, milliseconds = 60_000): Promise<unknown> {
    const timeout = milliseconds;
    switch (name) {
      case 'bigquery':
        return context.bigquery.query('SELECT 1 AS one', { timeout });
      case 'storage':
        return context.storage.list('', { timeout });
      case 'logging':
        return context.cloudLogging.write('log', [entry], { timeout });
      case 'firestore':
        return context.store
          .collection(runRecords)
          .get('none', { signal: AbortSignal.timeout(milliseconds) });
    }
  }

  /** So many requests are refused as HTTP's 429 or 503 would, in the service's own way. */
  function refuse(name: Name, status: 429 | 503, times: number): void {
    const code = status === 429 ? 8 : 14;
    if (name === 'firestore') services.front.fault(code, times);
    else if (name === 'logging') services.logging.fault(code, times);
    else services[name].fault({ answer: { status, json: { error: { code: status, errors: [] } } }, times });
  }

  /** The kind of the error, or of the one that caused it. */
  async function kindOf(failing: Promise<unknown>): Promise<unknown> {
    const error = await failing.then(
      () => ({ kind: 'none' }),
      (reason: unknown) => reason,
    );
    const { kind, cause, name } = error as { kind?: string; cause?: { kind?: string }; name: string };
    return name === 'TimeoutError' ? 'timeout' : name === 'StoreUnavailableError' ? cause?.kind : kind;
  }

  describe.each(['bigquery', 'storage', 'logging', 'firestore'] as const)('%s', (name) => {
    const during = async (network: Network, work: () => Promise<unknown>) => {
      // Connected, and its package loaded.
      await call(name);
      await services.networks[name].set(network);
      try {
        return await work();
      } finally {
        await services.networks[name].set('pass');
      }
    };
    // A client that has lost its connection may take a moment to have another.
    const works = () => expect.poll(() => kindOf(call(name)), { timeout: 30_000, interval: 50 }).toBe('none');

    it.each<[string, Network]>([
      ['refused', 'refuse'],
      ['reset', 'reset'],
      ['cut off in its answers', { cut: 20 }],
    ])('is %s, and there again', async (_, network) => {
      // A client may wait for the connection to come back: then its time is its end.
      expect(await during(network, () => kindOf(call(name, 5_000)))).toMatch(/^(transient|timeout)$/);
      await works();
    });

    it.runIf(name === 'bigquery' || name === 'storage')(
      'is cut off in mid-body, and there again',
      async () => {
        await call(name);
        if (name === 'bigquery' || name === 'storage')
          services[name].fault({ answer: 'cut', after: true, times: 3 });
        expect(await kindOf(call(name))).toBe('transient');
        await works();
      },
    );

    it('is black-holed, and there again', async () => {
      expect(await during('hold', () => kindOf(call(name, 300)))).toBe('timeout');
      await works();
    });

    it('is slow, and answers all the same', async () => {
      expect(await during({ delay: 200 }, () => kindOf(call(name)))).toBe('none');
      expect(await during({ delay: 5_000 }, () => kindOf(call(name, 300)))).toBe('timeout');
    });

    it.each([
      [429, 'throttled'],
      [503, 'transient'],
    ] as const)('answers %d, and then again as it should', async (status, kind) => {
      await call(name);
      // As often as anybody tries.
      const attempts = name === 'logging' ? 1 : 3;
      refuse(name, status, attempts);
      expect(await kindOf(call(name))).toBe(kind);
      await works();
    });
  });
});
