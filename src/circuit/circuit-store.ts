import type { CircuitRecord } from './record.ts';

/** Where a shared circuit's record lives: changed by compare-and-set, read with the store's time. */
export interface CircuitStore {
  read(key: string, call: { readonly signal: AbortSignal }): Promise<CircuitReading>;
  /** Writes the record if it is still as it was read; false if it is not. */
  write(
    key: string,
    next: { readonly record: CircuitRecord; readonly applied: readonly string[] },
    read: CircuitReading,
    call: { readonly signal: AbortSignal },
  ): Promise<boolean>;
}

export interface CircuitReading {
  readonly record: CircuitRecord | undefined;
  /** The ids of the last events that are in the record: by them a client knows a late success of its own. */
  readonly applied: readonly string[];
  readonly version: string | undefined;
  /** Milliseconds of the store's clock. */
  readonly time: number;
}
