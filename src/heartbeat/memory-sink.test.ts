import { describe, expect, it } from 'vitest';
import { exampleBeat, heartbeatSinkContract } from '../../test/contracts/heartbeat-sink-contract.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { memorySink } from './memory-sink.ts';

heartbeatSinkContract('the memory sink', () => {
  const clock = new VirtualClock();
  const sink = memorySink({ clock });
  return { sink, other: sink, clock };
});

describe('the memory sink', () => {
  const { signal } = new AbortController();

  it('forgets the run that was silent longest when it is full', async () => {
    const clock = new VirtualClock();
    const sink = memorySink({ clock, limit: 3 });
    for (const runId of ['a', 'b', 'c']) await sink.write(exampleBeat(clock, { runId }), { signal });
    await sink.write(exampleBeat(clock, { runId: 'a', sequence: 2 }), { signal });
    await sink.write(exampleBeat(clock, { runId: 'd' }), { signal });
    expect((await sink.read({ signal })).map(({ runId }) => runId)).toEqual(['c', 'a', 'd']);
  });
});
