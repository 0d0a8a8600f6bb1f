import { describe, expect, it } from 'vitest';
import {
  type SinkState,
  type SwitchedSink,
  slowness,
  switchedSink,
} from '../../test/faults/switched-sink.ts';
import { silentLogger } from '../clients/index.ts';
import { sleep } from '../time/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Beat } from './beat.ts';
import { heartbeatChain } from './chain.ts';
import { startHeartbeat } from './emitter.ts';
import { readHealth } from './monitor.ts';

const interval = 60_000;
const stepTime = 30_000;
const minute = 60_000;

/** Twenty runs that work for half an hour each, in steps of half a minute, and count the beats that they send. */
function night() {
  const clock = new VirtualClock();
  const sinks = ['firestore', 'cloud_logging', 'cloud_storage'].map((name) => switchedSink(clock, name));
  const chain = heartbeatChain({ sinks, clock, logger: silentLogger });
  const sent: { readonly at: number; readonly beat: Beat }[] = [];
  const heartbeats = {
    ...chain,
    send: (beat: Beat) => {
      sent.push({ at: clock.now(), beat });
      return chain.send(beat);
    },
  };
  const random = randomFrom(20_260_116);
  let latest = 0;
  const run = async (number: number) => {
    await sleep(clock, number * 1_000);
    const heartbeat = startHeartbeat({
      run: {
        processor: `Processor${number}`,
        key: `output-${number}/2026-01-15`,
        runId: `run-${number}`,
        fence: 1,
        started: new Date(clock.wallNow()).toISOString(),
      },
      heartbeats,
      clock,
      random,
      interval,
      host: 'host-1',
      version: '1.0.0',
    });
    for (let step = 1; step <= 60; step++) {
      const before = clock.now();
      heartbeat.step(`step ${step}`);
      heartbeat.progress(step, 60);
      await sleep(clock, stepTime);
      latest = Math.max(latest, clock.now() - before - stepTime);
    }
    await heartbeat.end('succeeded');
  };
  const runs = Promise.all(Array.from({ length: 20 }, (_, number) => run(number)));
  const health = () => clock.runUntil(readHealth({ sinks, clock }));
  const [first, second, third] = sinks as [SwitchedSink, SwitchedSink, SwitchedSink];
  return { clock, sinks, first, second, third, chain, sent, runs, health, delay: () => latest };
}

describe('an outage of the first heartbeat sink, with twenty runs', () => {
  it.each<SinkState>(['refused', 'hung', 'slow'])(
    'loses nothing when it is %s for ten minutes',
    async (state) => {
      const { clock, sinks, first, chain, sent, runs, health, delay } = night();
      await clock.advance(5 * minute);
      first.state = state;
      const away = clock.now();
      await clock.advance(10 * minute);
      first.state = 'up';
      const back = clock.now();
      await clock.advance(interval);
      const backInUse = first.landed.find(
        ({ at, beat }) => at > back && Date.parse(beat.beat) >= wall(clock, back),
      );
      expect(backInUse).toBeDefined();
      expect(chain.statistics().degraded).toBe(false);
      await clock.runUntil(runs);

      const { delivered, lost } = chain.statistics();
      expect(lost).toBe(0);
      expect(Object.values(delivered).reduce((sum, count) => sum + count)).toBe(sent.length);
      // Each beat is somewhere within five seconds of being sent, so each failover took no longer.
      for (const { at, beat } of sent) {
        const landed = sinks.flatMap((sink) => sink.landed.filter((found) => found.beat === beat));
        expect(Math.min(...landed.map((found) => found.at)) - at).toBeLessThanOrEqual(5_000);
      }
      expect(delivered.cloud_logging).toBeGreaterThan(100);
      // Two calls a minute at most find out that it is still away, and the runs notice nothing of it.
      const during = first.calls.filter(({ at }) => at > away + 2_000 && at < back);
      expect(during.length).toBeLessThanOrEqual(20);
      expect(delay()).toBe(0);
      const { runs: judged } = await health();
      expect(judged.map(({ health }) => health)).toEqual(Array(20).fill('ended'));
      await clock.advance(slowness);
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it.each<SinkState>(['refused', 'hung'])('shows every run healthy all the time it is %s', async (state) => {
    const { clock, first, runs, health } = night();
    await clock.advance(5 * minute);
    first.state = state;
    for (let look = 0; look < 20; look++) {
      await clock.advance(30_000);
      const report = await health();
      expect(report.runs.map(({ health }) => health)).toEqual(Array(20).fill('healthy'));
      expect(report.unread.map(({ sink }) => sink)).toEqual(['firestore']);
    }
    await clock.runUntil(runs);
  });
});

describe('an outage of the first heartbeat sink, with one run', () => {
  it.each([1, 20, 45, 59])(
    'has it back with the first beat after its return, %i s into a minute',
    async (second) => {
      const clock = new VirtualClock();
      const [first, next] = [switchedSink(clock, 'first'), switchedSink(clock, 'next')];
      const heartbeat = startHeartbeat({
        run: {
          processor: 'P',
          key: 'k',
          runId: 'r',
          fence: 1,
          started: new Date(clock.wallNow()).toISOString(),
        },
        heartbeats: heartbeatChain({ sinks: [first, next], clock, logger: silentLogger }),
        clock,
        random: randomFrom(second),
        interval,
        host: 'host-1',
        version: '1.0.0',
      });
      await clock.advance(2 * minute);
      first.state = 'hung';
      await clock.advance(7 * minute + second * 1_000);
      first.state = 'up';
      const back = clock.now();
      await clock.advance(1.1 * interval);
      const after = ({ at }: { readonly at: number }) => at >= back;
      expect(first.landed.find(after)?.at).toBe(first.calls.find(after)?.at);
      expect(first.landed.find(after)?.at).toBe(next.landed.find(after)?.at);
      await heartbeat.end('succeeded');
      expect(first.landed.at(-1)?.beat.status).toBe('succeeded');
    },
  );
});

describe('an outage of all heartbeat sinks, with twenty runs', () => {
  it('counts what is lost, calls nobody dead, and does not delay the runs', async () => {
    const { clock, sinks, chain, sent, runs, health, delay } = night();
    await clock.advance(2 * minute);
    sinks[0]!.state = 'hung';
    sinks[1]!.state = 'refused';
    sinks[2]!.state = 'hung';
    const from = clock.now();
    await clock.advance(20 * minute);
    expect(await health()).toMatchObject({ runs: [], blind: true, unread: [{}, {}, {}] });
    // One sink can be read again: what it holds is old, but a newer beat may be in the others.
    sinks[0]!.state = 'up';
    await clock.advance(1);
    for (const sink of sinks.slice(1)) expect(sink.landed.at(-1)?.at ?? 0).toBeLessThanOrEqual(from);
    const { runs: judged } = await health();
    expect(judged.map(({ health }) => health).filter((health) => health !== 'healthy')).not.toContain('dead');
    for (const sink of sinks) sink.state = 'up';
    await clock.runUntil(runs);

    const { delivered, lost } = chain.statistics();
    expect(lost).toBeGreaterThan(300);
    expect(Object.values(delivered).reduce((sum, count) => sum + count, lost)).toBe(sent.length);
    expect(delay()).toBe(0);
    expect((await health()).runs.map(({ health }) => health)).toEqual(Array(20).fill('ended'));
    expect(clock.pendingTimers).toBe(0);
  });
});

function wall(clock: VirtualClock, at: number): number {
  return clock.wallNow() - clock.now() + at;
}

/** Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
