import type { Documents, Found } from './documents.ts';
import type { StoreCall } from './store-calls.ts';

/** Deletions that one call begins at most. */
const mostDeleted = 20;

/** Deletes expired documents beside the call that has found them, and is done before it ends. Not what its caller came for: what fails here, the TTL policy or a later call deletes. */
export class CleanUp {
  readonly #documents: Documents;
  readonly #collection: string;
  readonly #call: StoreCall;
  readonly #deletions: Promise<void>[] = [];

  constructor(documents: Documents, collection: string, call: StoreCall) {
    this.#documents = documents;
    this.#collection = collection;
    this.#call = call;
  }

  add(expired: Found): void {
    if (this.#deletions.length >= mostDeleted) return;
    const bounds = this.#call.briefBounds;
    this.#deletions.push(this.#documents.deleteUnchanged(this.#collection, [expired], bounds));
  }

  async done(): Promise<void> {
    await Promise.allSettled(this.#deletions);
  }
}
