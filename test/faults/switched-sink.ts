import { type Beat, type HeartbeatSink, memorySink } from '../../src/heartbeat/index.ts';
import { type Clock, sleep } from '../../src/time/index.ts';

/** What a sink does to calls: takes them, refuses at once, never answers, answers once it is up again, or answers late. */
export type SinkState = 'up' | 'refused' | 'hung' | 'frozen' | 'slow';

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
  let state: SinkState = 'up';
  let frozen: (() => void)[] = [];
  const hinder = async () => {
    if (state === 'refused') throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    if (state === 'hung') await never;
    if (state === 'frozen') await new Promise<void>((resolve) => frozen.push(resolve));
    if (state === 'slow') await sleep(clock, slowness);
  };
  const unhurried = { signal: new AbortController().signal };
  const sink: SwitchedSink = {
    name,
    get state() {
      return state;
    },
    set state(next) {
      state = next;
      if (next === 'frozen') return;
      for (const thaw of frozen) thaw();
      frozen = [];
    },
    calls: [],
    landed: [],
    async write(beat) {
      sink.calls.push({ at: clock.now(), beat });
      await hinder();
      await inner.write(beat, unhurried);
      sink.landed.push({ at: clock.now(), beat });
    },
    async read() {
      await hinder();
      return inner.read(unhurried);
    },
  };
  return sink;
}
