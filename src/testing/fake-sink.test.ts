import { describe, expect, it } from 'vitest';
import { exampleBeat, heartbeatSinkContract } from '../../test/contracts/heartbeat-sink-contract.ts';
import { heartbeatChain } from '../heartbeat/index.ts';
import { FakeSink } from './fake-sink.ts';
import { RecordingLogger } from './recording-logger.ts';
import { VirtualClock } from './virtual-clock.ts';

heartbeatSinkContract('the fake sink', () => {
  const clock = new VirtualClock();
  const sink = new FakeSink({ clock });
  return { sink, other: sink, clock };
});

describe('the fake sink', () => {
  it('stands in a chain like a real one: away, hanging, back', async () => {
    const clock = new VirtualClock();
    const first = new FakeSink({ clock, name: 'first' });
    const second = new FakeSink({ clock, name: 'second' });
    const logger = new RecordingLogger();
    const chain = heartbeatChain({ sinks: [first, second], clock, logger });
    const send = (sequence: number) => clock.runUntil(chain.send(exampleBeat(clock, { sequence })));

    expect(await send(1)).toEqual({ sink: 'first' });
    first.fail();
    expect(await send(2)).toEqual({ sink: 'second' });
    first.hang();
    await clock.advance('1m');
    expect(await send(3)).toEqual({ sink: 'second' });
    first.recover();
    await clock.advance('1m');
    // The fourth finds it back, and is in both; from the fifth on it is the first alone.
    expect(await send(4)).toEqual({ sink: 'first' });
    expect(await send(5)).toEqual({ sink: 'first' });
    expect(first.written.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(second.written.map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
  });
});
