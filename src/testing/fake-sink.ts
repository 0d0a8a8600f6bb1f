import {
  type Beat,
  type HeartbeatSink,
  memorySink,
  type SinkCall,
  type SinkRead,
} from '../heartbeat/index.ts';
import type { Clock } from '../time/index.ts';
import { Outage } from './outage.ts';
import { keep } from './recording.ts';

/** A heartbeat sink in memory that can be made to `fail()`, to `hang()` and to `recover()`. */
export class FakeSink extends Outage implements HeartbeatSink {
  readonly name: string;
  /** The beats that were written, taken or not, the oldest first; of more than 10,000 the newest. */
  readonly written: Beat[] = [];
  readonly #sink: HeartbeatSink;

  /** @param options.name Default: `fake`. */
  constructor({ clock, name = 'fake' }: { readonly clock: Clock; readonly name?: string | undefined }) {
    super();
    this.name = name;
    this.#sink = memorySink({ clock, name });
  }

  async write(beat: Beat, call: SinkCall): Promise<void> {
    // As it is now: what its writer does to it later must not show.
    const copy = structuredClone(beat);
    keep(this.written, copy);
    await this.pass(call.signal);
    await this.#sink.write(copy, call);
  }

  async read(call: SinkRead): Promise<readonly Beat[]> {
    await this.pass(call.signal);
    return this.#sink.read(call);
  }
}
