import type { CircuitRecord } from './record.ts';

/** Where a shared circuit's record lives: changed by compare-and-set, read with the store's time. */
export interface CircuitStore {
  read(key: string, call: { readonly signal: AbortSignal }): Promise<CircuitReading>;
  /** Writes the record if it is still as it was read; false if it is not. */
  write(
    key: string,
    record: CircuitRecord,
    read: CircuitReading,
    call: { readonly signal: AbortSignal },
  ): Promise<boolean>;
}

export interface CircuitReading {
  readonly record: CircuitRecord | undefined;
  readonly version: string | undefined;
  /** Milliseconds of the store's clock. */
  readonly time: number;
}
