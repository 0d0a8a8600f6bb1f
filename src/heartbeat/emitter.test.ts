import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogFields, Logger } from '../clients/index.ts';
import { silentLogger } from '../clients/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Beat } from './beat.ts';
import { type HeartbeatOptions, startHeartbeat } from './emitter.ts';
import type { Heartbeats } from './sink.ts';

interface Sent {
  readonly at: number;
  readonly beat: Beat;
}

function recorder(clock: VirtualClock, take: (beat: Beat) => Promise<void> = async () => {}) {
  const sent: Sent[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  const heartbeats: Heartbeats = {
    sinks: [],
    async send(beat) {
      sent.push({ at: clock.now(), beat });
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      await take(beat);
      underWay -= 1;
      return { sink: 'test' };
    },
    statistics: () => ({ delivered: {}, lost: 0, degraded: false }),
  };
  return { heartbeats, sent, mostUnderWay: () => mostUnderWay };
}

const start = (clock: VirtualClock, heartbeats: Heartbeats, options: Partial<HeartbeatOptions> = {}) =>
  startHeartbeat({
    run: {
      processor: 'P',
      key: 'out/2026-01-15',
      runId: 'run-1',
      fence: 7,
      started: '2026-01-16T09:00:00.000Z',
    },
    heartbeats,
    clock,
    random: () => 0.5,
    interval: 60_000,
    host: 'host-1',
    version: '1.2.3',
    ...options,
  });

const wait = (clock: VirtualClock, milliseconds: number) =>
  new Promise<void>((resolve) => clock.setTimer(milliseconds, resolve));

describe('heartbeat', () => {
  it('beats at once, with all that is known of the run', async () => {
    const clock = new VirtualClock();
    const { heartbeats, sent } = recorder(clock);
    const heartbeat = start(clock, heartbeats, { lag: () => 12 });
    expect(sent.map(({ beat }) => beat)).toEqual([
      {
        processor: 'P',
        key: 'out/2026-01-15',
        runId: 'run-1',
        fence: 7,
        status: 'running',
        started: '2026-01-16T09:00:00.000Z',
        beat: '2026-01-16T09:00:00.000Z',
        sequence: 1,
        progress: null,
        step: null,
        progressed: '2026-01-16T09:00:00.000Z',
        lag: 12,
        host: 'host-1',
        version: '1.2.3',
        expires: '2026-01-17T09:00:00.000Z',
      },
    ]);
    await heartbeat.end('succeeded');
  });

  it('beats every interval, and says how the run ended', async () => {
    const clock = new VirtualClock();
    const { heartbeats, sent } = recorder(clock);
    const heartbeat = start(clock, heartbeats);
    await clock.advance('150s');
    await heartbeat.end('timed_out');
    expect(sent.map(({ at }) => at)).toEqual([0, 60_000, 120_000, 150_000]);
    expect(sent.map(({ beat }) => [beat.sequence, beat.status])).toEqual([
      [1, 'running'],
      [2, 'running'],
      [3, 'running'],
      [4, 'timed_out'],
    ]);
    // The tombstone expires; it is never deleted.
    expect(sent.at(-1)?.beat.expires).toBe('2026-01-17T09:02:30.000Z');
  });

  it('spreads beats by up to 10 % of the interval either way', async () => {
    const clock = new VirtualClock();
    const { heartbeats, sent } = recorder(clock);
    const chances = [0, 0.999_999, 0.25];
    const heartbeat = start(clock, heartbeats, { random: () => chances.shift() ?? 0.5 });
    await clock.advance('3m');
    const gaps = sent.slice(1).map(({ at }, index) => Math.round(at - (sent[index] as Sent).at));
    expect(gaps).toEqual([54_000, 66_000, 57_000]);
    await heartbeat.end('succeeded');
  });

  it('tells progress with the next beat, and when there was progress last', async () => {
    const clock = new VirtualClock();
    const { heartbeats, sent } = recorder(clock);
    const heartbeat = start(clock, heartbeats);
    await clock.advance('10s');
    heartbeat.progress(3, 16, 'games');
    await clock.advance('10s');
    heartbeat.progress(3, 16, 'games');
    await clock.advance('40s');
    expect(sent.at(-1)?.beat).toMatchObject({
      progress: { done: 3, total: 16, message: 'games' },
      progressed: '2026-01-16T09:00:10.000Z',
    });
    await clock.advance('60s');
    expect(sent.at(-1)?.beat).toMatchObject({ sequence: 3, progressed: '2026-01-16T09:00:10.000Z' });
    heartbeat.progress(Number.NaN, 16);
    heartbeat.progress(4, Number.POSITIVE_INFINITY, 'x'.repeat(10_000));
    await clock.advance('60s');
    const { progress, progressed } = (sent.at(-1) as Sent).beat;
    expect(progress).toEqual({ done: 4, total: null, message: 'x'.repeat(500) });
    expect(progressed).toBe('2026-01-16T09:02:00.000Z');
    await heartbeat.end('succeeded');
  });

  it('beats when the step changes, at most once in five seconds, and never loses the last step', async () => {
    const clock = new VirtualClock();
    const { heartbeats, sent } = recorder(clock);
    const heartbeat = start(clock, heartbeats);
    for (let step = 1; step <= 100; step++) {
      heartbeat.step(`step ${step}`);
      await clock.advance(100);
    }
    await clock.advance('10s');
    expect(sent.map(({ at, beat }) => [at, beat.step])).toEqual([
      [0, null],
      [5_000, 'step 50'],
      [10_000, 'step 100'],
    ]);
    await clock.advance('10s');
    heartbeat.step('load');
    expect(sent.at(-1)).toMatchObject({ at: 30_000, beat: { step: 'load', sequence: 4 } });
    heartbeat.step('load');
    await clock.advance('59s');
    expect(sent).toHaveLength(4);
    await clock.advance('1s');
    expect(sent.at(-1)?.at).toBe(90_000);
    await heartbeat.end('succeeded');
  });

  it('is not slowed down by steps where the interval is short', async () => {
    const clock = new VirtualClock();
    const { heartbeats, sent } = recorder(clock);
    const heartbeat = start(clock, heartbeats, { interval: 1_000 });
    await clock.advance(500);
    heartbeat.step('load');
    await clock.advance(500);
    expect(sent.map(({ at }) => at)).toEqual([0, 1_000]);
    await heartbeat.end('succeeded');
  });

  it('has one beat on its way at most, and sends the newest state after it', async () => {
    const clock = new VirtualClock();
    const { heartbeats, sent, mostUnderWay } = recorder(clock, async (beat) => {
      if (beat.sequence === 1) await wait(clock, 9_000);
    });
    const heartbeat = start(clock, heartbeats, { interval: 2_000 });
    for (const step of ['extract', 'transform', 'load']) {
      await clock.advance('2s');
      heartbeat.step(step);
      heartbeat.progress(sent.length, 3);
    }
    expect(sent).toHaveLength(1);
    await clock.advance('3s');
    expect(sent.slice(1)).toMatchObject([{ at: 9_000, beat: { sequence: 2, step: 'load' } }]);
    expect(mostUnderWay()).toBe(1);
    await heartbeat.end('succeeded');
  });

  it('ends after the beat that is on its way, with a higher sequence', async () => {
    const clock = new VirtualClock();
    const { heartbeats, sent, mostUnderWay } = recorder(clock, () => wait(clock, 3_000));
    const heartbeat = start(clock, heartbeats);
    heartbeat.step('extract');
    const ending = heartbeat.end('failed');
    expect(heartbeat.end('succeeded')).toBe(ending);
    await clock.runUntil(ending);
    expect(clock.now()).toBe(6_000);
    expect(sent.map(({ at, beat }) => [at, beat.sequence, beat.status, beat.step])).toEqual([
      [0, 1, 'running', null],
      [3_000, 2, 'failed', 'extract'],
    ]);
    expect(mostUnderWay()).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends within ten seconds though nothing answers, and leaves no timer', async () => {
    const clock = new VirtualClock();
    const { heartbeats } = recorder(clock, () => new Promise(() => {}));
    const { logger, lines } = collectingLogger();
    const heartbeat = start(clock, heartbeats, { logger });
    await clock.advance('5m');
    const asked = clock.now();
    await clock.runUntil(heartbeat.end('succeeded'));
    expect(clock.now() - asked).toBeLessThanOrEqual(10_000);
    expect(clock.pendingTimers).toBe(0);
    expect(lines).toHaveLength(1);
  });

  it('is silent after the end', async () => {
    const clock = new VirtualClock();
    const { heartbeats, sent } = recorder(clock);
    const heartbeat = start(clock, heartbeats);
    await heartbeat.end('succeeded');
    heartbeat.step('late');
    heartbeat.progress(1);
    expect(clock.pendingTimers).toBe(0);
    await clock.advance('1h');
    expect(sent).toHaveLength(2);
  });

  it('does the run no harm when beats or the lag throw, and says so once', async () => {
    const clock = new VirtualClock();
    const { logger, lines } = collectingLogger();
    const broken: Heartbeats = {
      sinks: [],
      send: () => {
        throw new Error('no beat');
      },
      statistics: () => ({ delivered: {}, lost: 0, degraded: true }),
    };
    const heartbeat = start(clock, broken, { logger });
    const { heartbeats } = recorder(clock);
    const other = start(clock, heartbeats, {
      lag: () => {
        throw new Error('no lag');
      },
    });
    await clock.advance('10m');
    await heartbeat.end('failed');
    await other.end('failed');
    expect(lines.map(({ fields }) => String(fields?.error))).toEqual(['Error: no beat']);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses an interval of %s', (interval) => {
    const clock = new VirtualClock();
    const { heartbeats, sent } = recorder(clock);
    expect(() => start(clock, heartbeats, { interval })).toThrow(ConfigurationError);
    expect(sent).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps its promises whatever the run does and however slow the sinks are', async () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('wait'), value: fc.integer({ min: 0, max: 90_000 }) }),
      fc.record({ kind: fc.constant('step'), value: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ kind: fc.constant('progress'), value: fc.integer({ min: 0, max: 3 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 20 }),
        fc.array(fc.integer({ min: 0, max: 4_500 }), { minLength: 1, maxLength: 5 }),
        async (actions, delays) => {
          const clock = new VirtualClock();
          const { heartbeats, sent, mostUnderWay } = recorder(clock, ({ sequence }) =>
            wait(clock, delays[sequence % delays.length] as number),
          );
          const heartbeat = start(clock, heartbeats);
          let step: string | null = null;
          let done: number | undefined;
          for (const { kind, value } of actions) {
            if (kind === 'wait') await clock.advance(value);
            if (kind === 'step') {
              step = `step ${value}`;
              heartbeat.step(step);
            }
            if (kind === 'progress') {
              done = value;
              heartbeat.progress(done);
            }
          }
          await clock.runUntil(heartbeat.end('succeeded'));
          expect(sent.map(({ beat }) => beat.sequence)).toEqual(sent.map((_, index) => index + 1));
          expect(mostUnderWay()).toBe(1);
          expect(sent.at(-1)?.beat).toMatchObject({ status: 'succeeded', step });
          expect(sent.at(-1)?.beat.progress?.done).toBe(done);
          expect(sent.slice(0, -1).every(({ beat }) => beat.status === 'running')).toBe(true);
          for (const [index, { at }] of sent.slice(0, -1).entries()) {
            const gap = at - (sent[index - 1]?.at ?? 0);
            if (index > 0) expect(gap).toBeGreaterThanOrEqual(5_000);
            expect(gap).toBeLessThanOrEqual(60_000);
          }
          expect(clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

function collectingLogger() {
  const lines: { readonly message: string; readonly fields: LogFields | undefined }[] = [];
  const add = (message: string, fields?: LogFields) => void lines.push({ message, fields });
  const logger: Logger = { ...silentLogger, info: add, warn: add, error: add };
  return { logger, lines };
}
