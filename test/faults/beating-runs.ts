import { type Beat, heartbeatChain, readHealth, startHeartbeat } from '../../src/heartbeat/index.ts';
import { RecordingLogger, seededRandom, VirtualClock } from '../../src/testing/index.ts';
import { sleep } from '../../src/time/index.ts';
import { type SwitchedSink, switchedSink } from './switched-sink.ts';

export const interval = 60_000;
const stepTime = 30_000;

/** When a beat was sent, and when its sending was over. */
export interface SentBeat {
  readonly at: number;
  readonly beat: Beat;
  over: number;
}

/**
 * Twenty runs on a virtual clock, with three sinks: they start a second apart, work for half an hour (the last five of them for
 * ten minutes) in steps of half a minute, and beat.
 */
export function beatingRuns() {
  const clock = new VirtualClock();
  const logger = new RecordingLogger();
  const sinks = ['firestore', 'cloud_logging', 'cloud_storage'].map((name) => switchedSink(clock, name));
  const chain = heartbeatChain({ sinks, clock, logger });
  const sent: SentBeat[] = [];
  const heartbeats = {
    ...chain,
    send: async (beat: Beat) => {
      const entry: SentBeat = { at: clock.now(), beat, over: Infinity };
      sent.push(entry);
      const delivery = await chain.send(beat);
      entry.over = clock.now();
      return delivery;
    },
  };
  const random = seededRandom(20_260_116);
  // How much longer than its work the slowest step, and the slowest end, of a run took.
  const latest = { step: 0, end: 0 };

  const run = async (number: number) => {
    await sleep(clock, number * 1_000);
    const heartbeat = startHeartbeat({
      run: {
        processor: `Processor${String(number).padStart(2, '0')}`,
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
    const steps = number < 15 ? 60 : 20;
    for (let step = 1; step <= steps; step++) {
      const before = clock.now();
      heartbeat.step(`step ${step}`);
      heartbeat.progress(step, steps);
      await sleep(clock, stepTime);
      latest.step = Math.max(latest.step, clock.now() - before - stepTime);
    }
    const before = clock.now();
    await heartbeat.end('succeeded');
    latest.end = Math.max(latest.end, clock.now() - before);
  };
  const runs = Promise.all(Array.from({ length: 20 }, (_, number) => run(number)));
  const health = () => clock.runUntil(readHealth({ sinks, clock }));
  const [first, second, third] = sinks as [SwitchedSink, SwitchedSink, SwitchedSink];
  return { clock, logger, sinks, first, second, third, chain, sent, runs, health, latest };
}
