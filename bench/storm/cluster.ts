import { type Context, config } from '../../src/context/index.ts';
import type { BigQueryClient } from '../../src/clients/index.ts';
import { heartbeatChain } from '../../src/heartbeat/index.ts';
import { RunCancelledError } from '../../src/processor/index.ts';
import type { Store } from '../../src/store/index.ts';
import {
  type FakeBigQuery,
  FakeHttp,
  type FakeSink,
  FakeStorage,
  type FakeStore,
  RecordingLogger,
  type VirtualClock,
} from '../../src/testing/index.ts';
import { type ProcessorClass, pushHandler } from '../../src/trigger/index.ts';
import { createUpstreamReader } from '../../src/upstream/index.ts';
import { assumed, inputs } from './assumptions.ts';

/** What all instances share: the store, the warehouse and where they beat. */
export interface Surroundings {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly store: FakeStore;
  readonly warehouse: FakeBigQuery;
  readonly sink: FakeSink;
}

/** What an instance's death cuts off: after it no call of it is answered, and none is made. */
class Life {
  alive = true;
  readonly stopping = new AbortController();

  async through<T>(call: () => Promise<T>): Promise<T> {
    if (!this.alive) return never();
    const result = await call();
    return this.alive ? result : never();
  }
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

/** One process: its own memory, its own readers, and the library's push handler. */
export class Instance {
  readonly #life = new Life();
  readonly #handler;

  constructor(
    { clock, random, store, warehouse, sink }: Surroundings,
    name: string,
    processors: readonly ProcessorClass[],
  ) {
    const logger = new RecordingLogger();
    const bigquery = mortal<BigQueryClient>(warehouse, this.#life);
    const context: Context = {
      clock,
      random,
      logger,
      bigquery,
      store: mortalStore(store, this.#life),
      http: new FakeHttp({ clock }),
      storage: new FakeStorage({ clock }),
      upstream: createUpstreamReader({ bigquery, clock, logger }),
      heartbeats: heartbeatChain({ sinks: [mortal(sink, this.#life)], clock, logger }),
      config: config({ version: 'storm', host: 'cloud-run', instance: name }),
    };
    this.#handler = pushHandler(processors, context, {
      ackDeadline: inputs.ackDeadline,
      verify: async () => {},
    });
  }

  get alive(): boolean {
    return this.#life.alive;
  }

  /** The status of a push request; the connection is lost with the instance. */
  async push(message: object): Promise<number> {
    const request = new Request('http://instance/push', {
      method: 'POST',
      headers: { authorization: 'Bearer token' },
      body: JSON.stringify(message),
    });
    const { signal } = this.#life.stopping;
    return (await this.#life.through(() => this.#handler(request, { signal }))).status;
  }

  /** SIGTERM: what is at work is stopped, parked and answered. */
  stop(): void {
    this.#life.stopping.abort(new RunCancelledError('shutdown', 'The instance is replaced'));
  }

  /** SIGKILL. */
  kill(): void {
    this.#life.alive = false;
  }
}

/** Instances that come and go behind one address. */
export class Cluster {
  readonly instances: Instance[];
  readonly #make: () => Instance;
  readonly #random: () => number;

  constructor(surroundings: Surroundings, processors: readonly ProcessorClass[]) {
    let made = 0;
    this.#random = surroundings.random;
    this.#make = () => new Instance(surroundings, `instance-${made++}`, processors);
    this.instances = Array.from({ length: assumed.instances }, this.#make);
  }

  any(): Instance {
    return this.instances[Math.floor(this.#random() * this.instances.length)] as Instance;
  }

  replaceOldest(): void {
    this.instances.shift()?.stop();
    this.instances.push(this.#make());
  }

  /** Every instance at once; new ones start. */
  killAll(): void {
    for (const instance of this.instances) instance.kill();
    this.instances.splice(0, Infinity, ...Array.from({ length: assumed.instances }, this.#make));
  }
}

function mortalStore(store: Store, life: Life): Store {
  return { collection: (definition) => mortal(store.collection(definition), life) };
}

function mortal<T extends object>(client: T, life: Life): T {
  return new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) =>
        life.through(() => Reflect.apply(member, target, given) as Promise<unknown>);
    },
  });
}
