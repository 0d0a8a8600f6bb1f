import { type Context, config } from '../../src/context/index.ts';
import type { FencedWriteOptions } from '../../src/clients/index.ts';
import { defineProcessor, RunCancelledError } from '../../src/processor/index.ts';
import {
  type RunRecord,
  runRecords,
  type Store,
  type WorkRecord,
  workRecords,
} from '../../src/store/index.ts';
import { seededRandom, type TestContext, type VirtualClock } from '../../src/testing/index.ts';
import { sleep } from '../../src/time/index.ts';
import {
  createOperations,
  type Operations,
  type ProcessorClass,
  type PushHandler,
  pushHandler,
} from '../../src/trigger/index.ts';
import { day, key, output, Summary } from '../runs/summary.ts';
import { FaultPlan, type PlannedFault } from './faulty-store.ts';
import { Ledger } from './ledger.ts';
import { never, Process } from './process.ts';

export type Command =
  | { readonly processor: 'Summary'; readonly options: object; readonly force?: boolean }
  | { readonly command: 'table_updated'; readonly table: string; readonly dates: readonly string[] }
  | { readonly command: 'sweep' }
  | { readonly command: 'no such thing' };

export interface WorldOptions {
  readonly context: TestContext;
  /** The store under test, whose time is the context's clock's. */
  readonly store: Store;
  readonly faults: readonly PlannedFault[];
  /** Milliseconds from the first parking. Default: 36 hours. */
  readonly giveUpAfter?: number | undefined;
  /** Whether an instance is gone as soon as it has acknowledged a message. */
  readonly endsAtAcknowledgement: boolean;
}

interface Instance {
  readonly process: Process;
  readonly handle: PushHandler;
  readonly operations: Operations;
  readonly shutdown: AbortController;
}

const ackDeadline = 60_000;
const redeliverAfter = 30_000;
const mostDeliveries = 20;

/**
 * A subscription that pushes messages to one instance after the other until they are acknowledged, a scheduler that asks for a
 * sweep every minute, an operator, and one processor: all on one store whose calls go wrong as planned.
 */
export class World {
  readonly context: TestContext;
  readonly clock: VirtualClock;
  readonly ledger = new Ledger();
  readonly plan: FaultPlan;
  /** The fences of the writes that the warehouse took, in order. */
  readonly written: number[] = [];
  readonly violations: string[] = [];
  /** What extract reads. */
  data = 1;
  /** What befalls the next extracts, one after the other. */
  readonly mishaps: (() => void)[] = [];
  readonly #options: WorldOptions;
  /** The store as it is, without a fault. */
  readonly #store: Store;
  #instance: Instance | undefined;
  #instances = 0;
  #messages = 0;
  #isOver = false;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.context = options.context;
    this.clock = this.context.clock;
    this.#store = options.store;
    this.plan = new FaultPlan(this.clock, options.faults);
  }

  /** New rows of what the processor reads. */
  newData(value: number): void {
    this.data = value;
    this.context.upstream.ready();
    this.context.upstream.tableUpdated('nba_raw.boxscore', [day]);
  }

  /** Delivers a message again and again until it is acknowledged. */
  async deliver(command: Command): Promise<void> {
    const messageId = `m${this.#messages++}`;
    for (let attempt = 1; attempt <= mostDeliveries; attempt++) {
      if ((await this.#push(command, messageId, attempt)) === 204) return this.#acknowledged(command);
      await sleep(this.clock, redeliverAfter);
    }
    this.violations.push(`message ${messageId} was never acknowledged`);
  }

  /** An operator's command, given until it is done. */
  async operate<T>(command: (operations: Operations) => Promise<T>): Promise<void> {
    for (;;) {
      const done = command(this.#current().operations).then(
        () => true,
        () => false,
      );
      if (await this.#inTime(done)) return;
      await sleep(this.clock, 2_000);
    }
  }

  /** Tells the instance to end, as SIGTERM does. */
  terminate(): void {
    this.#current().shutdown.abort(new RunCancelledError('shutdown', 'SIGTERM'));
  }

  /** Kills the instance at once. */
  kill(): void {
    this.#current().process.isAlive = false;
  }

  /** Lets the scenario play, with a sweep every minute, and on until nothing is left to do. Then all that was late has landed. */
  async play(scenario: (world: World) => Promise<void>): Promise<void> {
    const sweeps = this.#sweepEveryMinute();
    await scenario(this);
    this.plan.carryOutTheRest();
    for (let minute = 0; minute < 60; minute++) {
      await sleep(this.clock, 60_000);
      const work = await this.work();
      if (minute > 0 && (work === undefined || (work.lease === null && work.parked === null))) break;
    }
    this.#isOver = true;
    await sweeps;
  }

  async work(): Promise<WorkRecord | undefined> {
    const { entry } = await this.#store.collection(workRecords).get(key);
    return entry?.readable ? entry.value : undefined;
  }

  async runs(): Promise<readonly RunRecord[]> {
    const { entries } = await this.#store.collection(runRecords).list({ limit: 1_000 });
    return entries.flatMap((entry) => (entry.readable ? [entry.value] : []));
  }

  records<T>(look: (store: Store) => Promise<T>): Promise<T> {
    return look(this.#store);
  }

  get isFaultless(): boolean {
    return this.#options.faults.length === 0;
  }

  get rows(): readonly object[] {
    return this.context.bigquery.rowsOf(output);
  }

  async #acknowledged(command: Command): Promise<void> {
    if ('processor' in command) {
      const work = await this.work();
      const isKept = work !== undefined && (work.lease ?? work.parked ?? work.gaveUp ?? work.done) !== null;
      if (!isKept && (await this.runs()).every(({ status }) => status === 'running'))
        this.violations.push('a message was acknowledged though nothing is known of what it asked for');
    }
    if (this.#options.endsAtAcknowledgement) this.kill();
  }

  async #sweepEveryMinute(): Promise<void> {
    while (!this.#isOver) {
      await sleep(this.clock, 60_000);
      await this.#push({ command: 'sweep' }, 'sweep', 1);
    }
  }

  async #push(command: Command, messageId: string, deliveryAttempt: number): Promise<number | undefined> {
    const { handle, shutdown } = this.#current();
    const data = Buffer.from(JSON.stringify(command)).toString('base64');
    const request = new Request('http://localhost/push', {
      method: 'POST',
      headers: { authorization: 'Bearer good' },
      body: JSON.stringify({ message: { data, messageId }, deliveryAttempt }),
    });
    return this.#inTime(handle(request, { signal: shutdown.signal }).then(({ status }) => status));
  }

  async #inTime<T>(answer: Promise<T>): Promise<T | undefined> {
    const tooLate = Promise.withResolvers<undefined>();
    const timer = this.clock.setTimer(ackDeadline, () => tooLate.resolve(undefined));
    try {
      return await Promise.race([answer, tooLate.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** The instance, or a new one in place of one that is gone, going or stands still. */
  #current(): Instance {
    const now = this.#instance;
    if (now?.process.isAlive && now.process.thawed === undefined && !now.shutdown.signal.aborted) return now;
    this.#instance = this.#start();
    return this.#instance;
  }

  #start(): Instance {
    const number = ++this.#instances;
    const process = new Process(this.clock);
    const { context: shared } = this;
    const context: Context = {
      ...shared,
      clock: process.clock,
      random: seededRandom(number),
      config: config({
        ...settings,
        instance: `instance ${number}`,
        parking: { attempts: 5, giveUpAfter: this.#options.giveUpAfter },
      }),
      store: this.plan.storeOf(this.ledger.over(this.#store), process),
      bigquery: this.#warehouseOf(process),
    };
    const handle = pushHandler([this.#processor()], context, { ackDeadline, verify: async () => {} });
    const operations = createOperations(context);
    return { process, handle, operations, shutdown: new AbortController() };
  }

  #processor(): ProcessorClass {
    const world = this;
    return class extends Summary {
      static override readonly processor = defineProcessor({ ...Summary.processor, timeout: '1m' });

      constructor(context: Context) {
        super(context, {
          async extract({ clock, signal }) {
            const points = world.data;
            world.mishaps.shift()?.();
            await sleep(clock, 20_000, signal);
            return [{ game_date: day, points }];
          },
        });
      }
    };
  }

  /** The warehouse, which hears nothing from the dead. */
  #warehouseOf(process: Process): Context['bigquery'] {
    const { bigquery } = this.context;
    const alive = <T>(call: () => Promise<T>) => process.hears(process.isAlive ? call() : never<T>());
    return {
      query: (sql, options) => alive(() => bigquery.query(sql, options)),
      async *stream(sql, options) {
        yield* await alive(() => bigquery.query(sql, options));
      },
      insert: (table, rows, options) => alive(() => bigquery.insert(table, rows, options)),
      load: (table, source, options) => alive(() => bigquery.load(table, source, options)),
      merge: (table, rows, options) => alive(() => bigquery.merge(table, rows, options)),
      replacePartition: (table, partition, rows, options: FencedWriteOptions = {}) =>
        alive(async () => {
          const result = await bigquery.replacePartition(table, partition, rows, options);
          this.written.push(options.fence?.token ?? Number.NaN);
          return result;
        }),
    };
  }
}

const settings = {
  processor: { timeout: '1m', grace: '5s' },
  circuit: { failures: 2, openFor: '1m' },
} as const;
