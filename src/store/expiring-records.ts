import type { StoredRecord } from './stored-record.ts';

/** Records by key. One that has expired is absent at once; each write looks at two others, so that none stays for ever. */
export class ExpiringRecords {
  readonly #time: () => number;
  readonly #records = new Map<string, StoredRecord>();
  #round = this.#records.entries();

  constructor(time: () => number) {
    this.#time = time;
  }

  get(key: string): StoredRecord | undefined {
    const record = this.#records.get(key);
    return record === undefined || record.expires > this.#time() ? record : undefined;
  }

  set(key: string, record: StoredRecord): void {
    for (let looks = 0; looks < 2; looks++) this.#dropNextIfExpired();
    this.#records.set(key, record);
  }

  delete(key: string): boolean {
    return this.#records.delete(key);
  }

  all(): [string, StoredRecord][] {
    const now = this.#time();
    return [...this.#records].filter(([, record]) => record.expires > now);
  }

  /** How many records are held, expired or not. */
  get size(): number {
    return this.#records.size;
  }

  #dropNextIfExpired(): void {
    const next = this.#round.next();
    if (next.done) this.#round = this.#records.entries();
    else if (next.value[1].expires <= this.#time()) this.#records.delete(next.value[0]);
  }
}
