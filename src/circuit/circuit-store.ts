import type { CircuitRecord } from './record.ts';

/** Where a shared circuit's record lives: changed by compare-and-set, read with the store's time. */
export interface CircuitStore {
  read(key: string, call: { readonly signal: AbortSignal }): Promise<CircuitReading>;
  /** Writes the record if it is still as it was read; false if it is not. */
  write(
    key: string,
    next: Pick<CircuitReading, 'applied' | 'writesUntil'> & { readonly record: CircuitRecord },
    read: CircuitReading,
    call: { readonly signal: AbortSignal },
  ): Promise<boolean>;
}

export interface CircuitReading {
  readonly record: CircuitRecord | undefined;
  /** The ids of the last events that are in the record: by them a client knows a late success of its own. */
  readonly applied: readonly string[];
  /** Until when the record's writes, by whomever, have used up what it takes; milliseconds of the store's clock. */
  readonly writesUntil?: number | undefined;
  readonly version: string | undefined;
  /** Milliseconds of the store's clock. */
  readonly time: number;
}
