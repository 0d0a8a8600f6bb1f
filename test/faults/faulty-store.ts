import type { Collection, CollectionDefinition, Store } from '../../src/store/index.ts';
import { type Clock, sleep } from '../../src/time/index.ts';
import { never, type Process } from './process.ts';
import { givingUp, networkError } from './unreliable.ts';

/** What can befall one call of the store. */
export type FaultKind =
  /** It does not arrive: an error. */
  | 'error before'
  /** It is carried out, but the answer is an error. */
  | 'error after'
  /** It does not arrive, and nothing is answered. */
  | 'hang'
  /** It is carried out when its caller has given it up. */
  | 'late'
  /** It is carried out when somebody has changed the same record since, or at last when all else is done. */
  | 'late after a successor'
  /** The calling process is killed, and the call with it. */
  | 'crash before'
  /** The call is carried out, and its process does not live to hear of it. */
  | 'crash after'
  /** The process stands still for longer than its claims last, as one without a CPU does; then the call is sent. */
  | 'freeze before'
  /** The call is carried out, and the process stands still before it hears of it. */
  | 'freeze after';

const ofReads: readonly FaultKind[] = ['error before', 'hang', 'crash before', 'freeze before'];
const ofWrites: readonly FaultKind[] = [
  ...ofReads,
  'error after',
  'late',
  'late after a successor',
  'crash after',
  'freeze after',
];

export interface PlannedFault {
  /** Which of the calls, from 0. */
  readonly at: number;
  readonly kind: FaultKind;
}

export interface MadeCall {
  readonly operation: 'get' | 'put' | 'delete' | 'list';
  readonly collection: string;
  readonly key: string | undefined;
}

/** The faults that make a difference to such a call: whether a read that nobody waits for is made is the same to everybody. */
export function faultsOf({ operation }: MadeCall): readonly FaultKind[] {
  return operation === 'put' || operation === 'delete' ? ofWrites : ofReads;
}

// Longer than any caller waits for a call of the store.
const lateBy = 40_000;
const frozenFor = 5 * 60_000;

/** Counts the calls of a store by all processes, and says which of them go wrong. */
export class FaultPlan {
  readonly calls: MadeCall[] = [];
  readonly #clock: Clock;
  readonly #faults: readonly PlannedFault[];
  #waiting: { readonly place: string; readonly goOn: () => void }[] = [];
  #isOver = false;

  constructor(clock: Clock, faults: readonly PlannedFault[]) {
    this.#clock = clock;
    this.#faults = faults;
  }

  /** The store as one process reaches it. A process that is dead makes no call and hears no answer. */
  storeOf(store: Store, process: Process): Store {
    const made = <T>(
      call: MadeCall,
      signal: AbortSignal | undefined,
      apply: () => Promise<T>,
    ): Promise<T> => {
      if (!process.isAlive) return never();
      const fault = this.#faults.find(({ at }) => at === this.calls.length)?.kind;
      this.calls.push(call);
      return process.hears(givingUp(signal, () => this.#suffer(fault, call, apply, process)));
    };
    return {
      collection: <T>(definition: CollectionDefinition<T>): Collection<T> => {
        const records = store.collection(definition);
        const { name: collection } = definition;
        return {
          get: (key, call) =>
            made({ operation: 'get', collection, key }, call?.signal, () => records.get(key)),
          list: (query) =>
            made({ operation: 'list', collection, key: undefined }, query.signal, () =>
              records.list({ ...query, signal: undefined }),
            ),
          put: (key, value, options) =>
            made({ operation: 'put', collection, key }, options.signal, async () => {
              const result = await records.put(key, value, { ...options, signal: undefined });
              if (result.ok) this.#hasChanged(collection, key);
              return result;
            }),
          delete: (key, { ifVersion, signal }) =>
            made({ operation: 'delete', collection, key }, signal, async () => {
              const isDeleted = await records.delete(key, { ifVersion });
              if (isDeleted) this.#hasChanged(collection, key);
              return isDeleted;
            }),
        };
      },
    };
  }

  /** Carries out what still waits for a successor. */
  carryOutTheRest(): void {
    this.#isOver = true;
    for (const { goOn } of this.#waiting.splice(0)) goOn();
  }

  async #suffer<T>(
    fault: FaultKind | undefined,
    { collection, key }: MadeCall,
    apply: () => Promise<T>,
    process: Process,
  ): Promise<T> {
    switch (fault) {
      case undefined:
        return apply();
      case 'error before':
        throw networkError();
      case 'error after':
        await apply();
        throw networkError();
      case 'hang':
        return never();
      case 'late':
        await sleep(this.#clock, lateBy);
        return apply();
      case 'late after a successor':
        await this.#successor(`${collection}/${key}`);
        return apply();
      case 'crash before':
        process.isAlive = false;
        return never();
      case 'crash after':
        process.isAlive = false;
        return apply();
      case 'freeze before':
        process.freeze(frozenFor);
        await process.thawed;
        return apply();
      case 'freeze after':
        process.freeze(frozenFor);
        return apply();
    }
  }

  #successor(place: string): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((goOn) => this.#waiting.push({ place, goOn }));
  }

  #hasChanged(collection: string, key: string): void {
    const place = `${collection}/${key}`;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((one) => one.place !== place);
    for (const one of waiting) if (one.place === place) one.goOn();
  }
}
