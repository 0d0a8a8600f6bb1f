import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleBeat } from '../../test/contracts/heartbeat-sink-contract.ts';
import { type SinkState, type SwitchedSink, switchedSink } from '../../test/faults/switched-sink.ts';
import { type LogFields, type Logger, silentLogger } from '../clients/index.ts';
import { CircuitOpenError, ConfigurationError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Beat } from './beat.ts';
import { heartbeatChain } from './chain.ts';

function setUp(...states: SinkState[]) {
  return setUpWith({}, ...states);
}

function setUpWith(options: { readonly openFor?: number }, ...states: SinkState[]) {
  const clock = new VirtualClock();
  const sinks = states.map((state, index) => {
    const sink = switchedSink(clock, `sink-${index + 1}`);
    sink.state = state;
    return sink;
  });
  const lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  const line = (level: string) => (message: string, fields: LogFields) =>
    void lines.push({ level, message, fields });
  const logger = {
    ...silentLogger,
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
  } as Logger;
  const chain = heartbeatChain({ sinks, clock, logger, ...options });
  let sequence = 0;
  const send = (changes: Partial<Beat> = {}) => {
    sequence += 1;
    return clock.runUntil(chain.send(exampleBeat(clock, { sequence, ...changes })));
  };
  const [first, second, third] = sinks as [SwitchedSink, SwitchedSink, SwitchedSink];
  return { clock, sinks, first, second, third, chain, send, lines };
}

describe('heartbeat chain', () => {
  it('writes to the first sink alone while it takes beats', async () => {
    const { send, chain, second, clock } = setUp('up', 'up');
    for (let beat = 0; beat < 5; beat++) expect(await send()).toEqual({ sink: 'sink-1' });
    expect(second.calls).toEqual([]);
    expect(chain.statistics()).toEqual({
      delivered: { 'sink-1': 5, 'sink-2': 0 },
      lost: 0,
      degraded: false,
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('goes on to the next sink at a refusal, at once', async () => {
    const { send, chain, clock } = setUp('refused', 'up');
    expect(await send()).toEqual({ sink: 'sink-2' });
    expect(clock.now()).toBe(0);
    expect(chain.statistics()).toEqual({ delivered: { 'sink-1': 0, 'sink-2': 1 }, lost: 0, degraded: true });
  });

  it('goes past two hung sinks in four seconds', async () => {
    const { send, clock, third } = setUp('hung', 'hung', 'up');
    expect(await send()).toEqual({ sink: 'sink-3' });
    expect(third.landed.map(({ at }) => at)).toEqual([4_000]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('aborts the signal of a call that took too long', async () => {
    const clock = new VirtualClock();
    const reasons: unknown[] = [];
    const chain = heartbeatChain({
      clock,
      logger: silentLogger,
      sinks: [
        {
          name: 'attentive',
          write: (_beat, { signal }) =>
            new Promise((_, reject) => {
              signal.addEventListener('abort', () => {
                reasons.push(signal.reason);
                reject(signal.reason);
              });
            }),
          read: async () => [],
        },
      ],
    });
    expect(await clock.runUntil(chain.send(exampleBeat(clock)))).toEqual({ lost: true });
    expect(reasons).toMatchObject([{ name: 'TimeoutError' }]);
  });

  it('leaves a sink that failed alone, then probes it beside a beat that does not wait for it', async () => {
    const { send, clock, first, second } = setUp('hung', 'up');
    await send();
    await clock.advance('10s');
    await send();
    expect(first.calls).toHaveLength(1);
    await clock.advance('20s');
    const at = clock.now();
    expect(await send()).toEqual({ sink: 'sink-2' });
    expect(first.calls.at(-1)?.at).toBe(at);
    expect(second.landed.at(-1)?.at).toBe(at);
  });

  it('has a sink back in use with the first probe that lands', async () => {
    const { send, clock, first, second, chain } = setUp('refused', 'up');
    await send();
    first.state = 'up';
    await clock.advance('60s');
    expect(await send()).toEqual({ sink: 'sink-1' });
    expect(first.landed).toHaveLength(1);
    expect(second.landed).toHaveLength(2);
    expect(chain.statistics()).toEqual({ delivered: { 'sink-1': 1, 'sink-2': 1 }, lost: 0, degraded: false });
    expect(await send()).toEqual({ sink: 'sink-1' });
    expect(second.calls).toHaveLength(2);
  });

  it('delivers by the probe when the sink in use fails that very beat', async () => {
    const { send, clock, first, second, chain } = setUp('refused', 'up');
    await send();
    await clock.advance('60s');
    first.state = 'up';
    second.state = 'refused';
    expect(await send()).toEqual({ sink: 'sink-1' });
    expect(chain.statistics()).toEqual({ delivered: { 'sink-1': 1, 'sink-2': 1 }, lost: 0, degraded: false });
  });

  it('asks sinks with an open circuit before it gives a beat up', async () => {
    const { send, first, second, chain } = setUp('refused', 'up');
    await send();
    first.state = 'up';
    second.state = 'refused';
    expect(await send()).toEqual({ sink: 'sink-1' });
    expect(chain.statistics()).toMatchObject({ lost: 0, degraded: false });
  });

  it('asks each sink once for a beat that is lost, and takes no longer than the time-outs together', async () => {
    const { send, sinks, clock, chain } = setUp('hung', 'hung', 'hung');
    expect(await send()).toEqual({ lost: true });
    expect(clock.now()).toBe(6_000);
    // Now that all circuits are open, all are asked together.
    expect(await send()).toEqual({ lost: true });
    expect(clock.now()).toBe(8_000);
    expect(sinks.map(({ calls }) => calls.length)).toEqual([2, 2, 2]);
    expect(chain.statistics()).toMatchObject({ lost: 2, degraded: true });
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not take a rejection by a circuit inside the sink for one of its own', async () => {
    const clock = new VirtualClock();
    let writes = 0;
    const chain = heartbeatChain({
      clock,
      logger: silentLogger,
      sinks: [
        {
          name: 'guarded',
          async write() {
            writes += 1;
            throw new CircuitOpenError('storage.googleapis.com', 1_000);
          },
          read: async () => [],
        },
      ],
    });
    expect(await chain.send(exampleBeat(clock))).toEqual({ lost: true });
    expect(writes).toBe(1);
  });

  it('makes a run that ends wait for no probe', async () => {
    const { send, clock, first } = setUp('hung', 'up');
    await send();
    await clock.advance('60s');
    const at = clock.now();
    expect(await send({ status: 'succeeded' })).toEqual({ sink: 'sink-2' });
    expect(clock.now()).toBe(at);
    expect(first.calls).toHaveLength(1);
  });

  it('says when a sink goes away and why, and when it is back, not with every beat', async () => {
    const { send, clock, first, lines } = setUp('up', 'up');
    await send();
    for (let outage = 0; outage < 2; outage++) {
      first.state = 'refused';
      for (let beat = 0; beat < 10; beat++, await clock.advance('60s')) await send();
      first.state = 'up';
      for (let beat = 0; beat < 10; beat++, await clock.advance('60s')) await send();
    }
    const away = {
      level: 'warn',
      message: 'heartbeat sink sink-1 takes no beats: they go to the next one',
      fields: { error: { code: 'ECONNREFUSED' } },
    };
    const back = { level: 'info', message: 'heartbeat sink sink-1 takes beats again' };
    expect(lines).toMatchObject([away, back, away, back]);
  });

  it('does not take a call that fails after the return, and was begun before it, for another outage', async () => {
    const { chain, clock, first, lines } = setUpWith({ openFor: 1_000 }, 'hung', 'up');
    const send = (sequence: number) => chain.send(exampleBeat(clock, { sequence }));
    const early = send(1);
    await clock.advance(1_900);
    const late = send(2);
    await clock.advance(1_200);
    first.state = 'up';
    await clock.runUntil(send(3));
    await clock.runUntil(Promise.all([early, late]));
    expect(chain.statistics().degraded).toBe(false);
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('counts and logs losses: the first, a summary every five minutes, and the end of the outage', async () => {
    const { send, clock, first, chain, lines } = setUp('refused');
    for (let beat = 0; beat < 60; beat++, await clock.advance('10s')) await send();
    first.state = 'up';
    await send();
    expect(chain.statistics()).toMatchObject({ delivered: { 'sink-1': 1 }, lost: 60 });
    const losses = lines.filter(({ fields }) => 'lost' in fields);
    expect(losses.map(({ level, fields }) => [level, fields.lost])).toEqual([
      ['error', 1],
      ['error', 31],
      ['warn', 60],
    ]);
    expect(losses[0]?.fields).toMatchObject({
      runId: 'run-1',
      errors: { 'sink-1': { code: 'ECONNREFUSED' } },
    });
  });

  it('logs the loss of the last beat of a run, whenever it was', async () => {
    const { send, lines } = setUp('refused');
    await send();
    await send();
    await send({ status: 'failed' });
    expect(lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'a heartbeat reached no sink; 1 lost in this outage',
      'the last heartbeat of run run-1 reached no sink; 3 lost in this outage',
    ]);
  });

  it.each([
    ['no sinks', { sinks: [] }, 'heartbeatChain.sinks'],
    ['two sinks of one name', { sinks: ['a', 'a'] }, 'heartbeatChain.sinks'],
    ['no time', { sinks: ['a'], timeout: 0 }, 'heartbeatChain.timeout'],
    ['no pause', { sinks: ['a'], openFor: Number.NaN }, 'heartbeatChain.openFor'],
  ])('refuses %s', (_what, { sinks, ...options }, field) => {
    const clock = new VirtualClock();
    const make = () =>
      heartbeatChain({
        sinks: sinks.map((name) => switchedSink(clock, name)),
        clock,
        logger: silentLogger,
        ...options,
      });
    expect(make).toThrow(expect.objectContaining({ field }));
    expect(make).toThrow(ConfigurationError);
  });

  it('delivers or counts as lost every beat, and loses one only if every sink failed it', async () => {
    const state = fc.constantFrom<SinkState>('up', 'refused', 'hung', 'slow');
    const round = fc.record({
      states: fc.tuple(state, state, state),
      pause: fc.integer({ min: 0, max: 70_000 }),
      beats: fc.integer({ min: 1, max: 4 }),
      end: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 12 }), async (rounds) => {
        const { clock, sinks, chain } = setUp('up', 'up', 'up');
        let sent = 0;
        for (const { states, pause, beats, end } of rounds) {
          for (const [index, sink] of sinks.entries()) sink.state = states[index] as SinkState;
          await clock.advance(pause);
          const reachable = states.includes('up');
          const together = Array.from({ length: beats }, () => {
            const status = end ? 'succeeded' : 'running';
            return chain.send(exampleBeat(clock, { runId: `run-${sent++}`, status }));
          });
          const started = clock.now();
          const results = await clock.runUntil(Promise.all(together));
          expect(clock.now() - started).toBeLessThanOrEqual(6_000);
          for (const [index, result] of results.entries()) {
            const runId = `run-${sent - beats + index}`;
            const asked = sinks.filter(({ calls }) => calls.some(({ beat }) => beat.runId === runId));
            const tookIt = sinks.filter(({ landed }) => landed.some(({ beat }) => beat.runId === runId));
            expect('lost' in result).toBe(!reachable);
            if ('lost' in result) expect(asked).toHaveLength(3);
            else expect(tookIt.map(({ name }) => name)).toContain(result.sink);
          }
        }
        const { delivered, lost } = chain.statistics();
        expect(Object.values(delivered).reduce((sum, count) => sum + count, lost)).toBe(sent);
        for (const { calls } of sinks) {
          expect(new Set(calls.map(({ beat }) => beat.runId)).size).toBe(calls.length);
        }
      }),
      { numRuns: 100 },
    );
  });
});
