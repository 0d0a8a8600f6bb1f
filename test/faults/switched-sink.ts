import { type Beat, type HeartbeatSink, memorySink } from '../../src/heartbeat/index.ts';
import { type Clock, sleep } from '../../src/time/index.ts';

/** What a sink does to calls: takes them, refuses at once, never answers, or answers late. */
export type SinkState = 'up' | 'refused' | 'hung' | 'slow';

export interface SwitchedSink extends HeartbeatSink {
  state: SinkState;
  /** Every write that came in, answered or not, with the monotonic time. */
  readonly calls: { readonly at: number; readonly beat: Beat }[];
  /** Every write that landed. */
  readonly landed: { readonly at: number; readonly beat: Beat }[];
}

export const slowness = 4_000;

/** A sink in memory with a fault switch. It ignores its signal, as clients that can't cancel do: late writes land. */
export function switchedSink(clock: Clock, name: string): SwitchedSink {
  const inner = memorySink({ clock });
  const never = new Promise<never>(() => {});
  const hinder = async (state: SinkState) => {
    if (state === 'refused') throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    if (state === 'hung') await never;
    if (state === 'slow') await sleep(clock, slowness);
  };
  const unhurried = { signal: new AbortController().signal };
  const sink: SwitchedSink = {
    name,
    state: 'up',
    calls: [],
    landed: [],
    async write(beat) {
      sink.calls.push({ at: clock.now(), beat });
      await hinder(sink.state);
      await inner.write(beat, unhurried);
      sink.landed.push({ at: clock.now(), beat });
    },
    async read() {
      await hinder(sink.state);
      return inner.read(unhurried);
    },
  };
  return sink;
}
