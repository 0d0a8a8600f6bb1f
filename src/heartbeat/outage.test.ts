import { describe, expect, it } from 'vitest';
import { beatingRuns, interval } from '../../test/faults/beating-runs.ts';
import { type SinkState, slowness, switchedSink } from '../../test/faults/switched-sink.ts';
import { silentLogger } from '../clients/index.ts';
import { seededRandom } from '../testing/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { heartbeatChain } from './chain.ts';
import { startHeartbeat } from './emitter.ts';

const minute = 60_000;

describe('an outage of the first heartbeat sink, with twenty runs', () => {
  it.each<SinkState>(['refused', 'hung', 'frozen', 'slow'])(
    'loses no beat, delays no run and hides none when it is %s for ten minutes',
    async (state) => {
      const { clock, sinks, first, chain, sent, runs, health, latest } = beatingRuns();
      await clock.advance(5 * minute);
      first.state = state;
      const away = clock.now();
      for (let look = 1; look <= 20; look++) {
        await clock.advance(away + look * 30_000 - clock.now());
        const report = await health();
        // Those of the runs that end meanwhile are seen to end.
        const seen = Object.groupBy(report.runs, ({ beat }) => (beat.status === 'running' ? 'live' : 'over'));
        expect([seen.live?.length, seen.over?.length]).toEqual(look < 11 ? [20, undefined] : [15, 5]);
        expect(new Set(seen.live?.map((run) => run.health))).toEqual(new Set(['healthy']));
        expect(report.unread.map(({ sink }) => sink)).toEqual(state === 'slow' ? [] : ['firestore']);
      }
      first.state = 'up';
      const back = clock.now();
      await clock.advance(interval);
      // Within one interval it has taken a beat that was sent after its return, and is the one in use.
      expect(first.landed.some(({ at, beat }) => at > back && sentAt(beat) >= back)).toBe(true);
      expect(chain.statistics().degraded).toBe(false);
      const again = clock.now();
      await clock.runUntil(runs);

      const { delivered, lost } = chain.statistics();
      expect(lost).toBe(0);
      expect(Object.values(delivered).reduce((sum, count) => sum + count)).toBe(sent.length);
      expect(delivered.cloud_logging).toBeGreaterThan(150);
      const landed = ({ beat }: (typeof sent)[number]) =>
        Math.min(
          ...sinks.flatMap((sink) => sink.landed.filter((found) => found.beat === beat)).map(({ at }) => at),
        );
      const wasTaken = (call: (typeof first.calls)[number]) =>
        first.landed.some(({ at, beat }) => beat === call.beat && at === call.at);
      const bad = first.calls.find((call) => call.at >= away && !wasTaken(call));
      expect(bad).toBeDefined();
      for (const entry of sent) {
        // Failed over within five seconds, of the first bad call as of any.
        expect(landed(entry) - entry.at).toBeLessThanOrEqual(5_000);
        // All that was sent from then on is in the first sink again.
        if (entry.at >= again) expect(first.landed.some(({ beat }) => beat === entry.beat)).toBe(true);
      }
      // From the first bad call on, those who come after it do not wait for the sink that is away.
      const afterwards = sent.filter(({ at }) => at > (bad?.at ?? Infinity) + 2_000 && at < back);
      expect(afterwards.length).toBeGreaterThan(150);
      for (const entry of afterwards) expect(landed(entry)).toBe(entry.at);
      // Two calls a minute at most find out that it is still away.
      expect(first.calls.filter(({ at }) => at > away + 2_000 && at < back).length).toBeLessThanOrEqual(20);
      // No step, and no end of a run, took a moment longer than its work.
      expect(latest).toEqual({ step: 0, end: 0 });
      const judged = await health();
      expect(judged.runs.map((run) => run.health)).toEqual(Array(20).fill('ended'));
      await clock.advance(slowness);
      expect(clock.pendingTimers).toBe(0);

      function sentAt(beat: (typeof sent)[number]['beat']): number {
        return sent.find((entry) => entry.beat === beat)?.at ?? -Infinity;
      }
    },
  );
});

describe('an outage of the first heartbeat sink, with one run', () => {
  it.each([1, 20, 45, 59])(
    'has it back with the first beat after its return, %i s into a minute',
    async (second) => {
      const { clock, first, next, heartbeat } = oneRun(second);
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

  it('waits for its last beat no longer than the sink may take where that is the first bad call', async () => {
    const { clock, first, next, heartbeat } = oneRun(1);
    await clock.advance(2 * minute);
    first.state = 'hung';
    const before = clock.now();
    await clock.runUntil(heartbeat.end('succeeded'));
    expect(clock.now() - before).toBe(2_000);
    expect(next.landed.at(-1)?.beat.status).toBe('succeeded');
  });

  function oneRun(seed: number) {
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
      random: seededRandom(seed),
      interval,
      host: 'host-1',
      version: '1.0.0',
    });
    return { clock, first, next, heartbeat };
  }
});

describe('an outage of all heartbeat sinks, with twenty runs', () => {
  it('counts and logs what is lost, calls nobody dead, and the runs go on', async () => {
    const { clock, logger, sinks, chain, sent, runs, health, latest } = beatingRuns();
    const [first] = sinks;
    await clock.advance(2 * minute);
    sinks.forEach((sink, index) => {
      sink.state = (['hung', 'refused', 'frozen'] as const)[index] ?? 'hung';
    });
    const away = clock.now();
    for (let look = 1; look <= 40; look++) {
      await clock.advance(away + look * 30_000 - clock.now());
      expect(await health()).toMatchObject({ runs: [], blind: true, unread: [{}, {}, {}] });
    }
    // One can be read again. What it holds is too old for a run that lives, but a newer beat may be in the others.
    (first as { state: SinkState }).state = 'up';
    const { runs: judged } = await health();
    expect(judged).toHaveLength(20);
    for (const run of judged) {
      const fresh = Date.parse(run.beat.beat) > clock.wallNow() - clock.now() + away;
      expect(run.health).toBe(fresh ? 'healthy' : 'unknown');
    }
    expect(judged.filter((run) => run.health === 'unknown').length).toBeGreaterThan(10);
    for (const sink of sinks) sink.state = 'up';
    await clock.runUntil(runs);

    const { delivered, lost } = chain.statistics();
    expect(lost).toBeGreaterThan(300);
    expect(Object.values(delivered).reduce((sum, count) => sum + count, lost)).toBe(sent.length);
    // The first loss, one line each five minutes, one for each run that ended meanwhile; and the end of it, with the count.
    const errors = logger.lines.filter(({ level }) => level === 'error');
    expect(errors.filter(({ fields }) => fields.status === 'running').length).toBe(5);
    expect(errors.filter(({ fields }) => fields.status === 'succeeded').length).toBe(5);
    const over = logger.lines.filter(({ message }) => message.startsWith('heartbeats reach a sink again'));
    expect(over.at(-1)).toMatchObject({ level: 'warn', fields: { lostInAll: lost } });
    // Steps take no longer; an end is waited for until every sink was asked.
    expect(latest.step).toBe(0);
    expect(latest.end).toBeLessThanOrEqual(6_000);
    expect((await health()).runs.map(({ health }) => health)).toEqual(Array(20).fill('ended'));
    expect(clock.pendingTimers).toBe(0);
  });
});
