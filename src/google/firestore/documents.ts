import type { v1 } from '@google-cloud/firestore';
import type { CallOptions } from '../../clients/index.ts';
import { ConfigurationError } from '../../errors/index.ts';
import { type Clock, type Duration, realClock } from '../../time/index.ts';
import { endpointOf } from '../endpoint.ts';
import { type GrpcCallSettings, GrpcCalls } from '../grpc-calls.ts';
import { grpcSettings } from '../grpc-settings.ts';
import { Lazy } from '../lazy.ts';
import { requirePeer } from '../require-peer.ts';

export interface FirestoreOptions {
  readonly project: string;
  /** Default: `(default)`. */
  readonly database?: string | undefined;
  /** Where the service is, when not at Google's: `http://127.0.0.1:8080`. */
  readonly endpoint?: string | undefined;
  /** The longest a call takes, where it does not say otherwise itself. Default: 5 s. */
  readonly timeout?: Duration | undefined;
  readonly clock?: Clock | undefined;
}

type Client = InstanceType<typeof v1.FirestoreClient>;

/** A field's value on the wire. */
export type FieldValue =
  | { readonly stringValue: string }
  | { readonly doubleValue: number }
  | { readonly integerValue: string | number }
  | { readonly timestampValue: WireTime };
export type Fields = Readonly<Record<string, FieldValue>>;

/** A time on the wire. */
export interface WireTime {
  readonly seconds: string | number;
  readonly nanos: number;
}

/** A document as it was read. */
export interface Found {
  readonly id: string;
  readonly fields: Fields;
  /** When it was last changed: the token that a write is conditioned on. */
  readonly updated: WireTime;
}

/** What must be so for a write to be carried out. */
export type Condition = { readonly exists: boolean } | { readonly updateTime: WireTime };

export interface DocumentQuery {
  /** The field that is ordered by, ascending. */
  readonly order: string;
  /** Only documents whose field is above this. */
  readonly above?: FieldValue | undefined;
  /** Only documents whose field is below this. */
  readonly below?: FieldValue | undefined;
  readonly limit: number;
}

/**
 * Documents of one Firestore database. Each call is one request, sent once and bounded in time on both sides: the client's own
 * waits are minutes. A write that was given up may land all the same, so every write has a condition.
 *
 * It uses the official client's generated half, whose calls take a time-out; the other half retries on its own.
 */
export class Documents {
  readonly #root: string;
  readonly #calls: GrpcCalls;
  readonly #client: Lazy<Client>;

  constructor(options: FirestoreOptions) {
    const { project, database = '(default)', timeout = '5s', clock = realClock } = options;
    if (!/^[a-z][a-z0-9.:-]{1,62}$/.test(project))
      throw new ConfigurationError('firestore.project', "a project's id", project);
    const endpoint =
      options.endpoint === undefined ? undefined : endpointOf('firestore.endpoint', options.endpoint);
    this.#root = `projects/${project}/databases/${database}`;
    this.#calls = new GrpcCalls({ service: 'firestore', clock, timeout });
    this.#client = new Lazy('firestore', async () => {
      const [firestore, settings] = await Promise.all([
        requirePeer('@google-cloud/firestore', () => import('@google-cloud/firestore')),
        grpcSettings(endpoint),
      ]);
      return new firestore.default.v1.FirestoreClient({
        projectId: project,
        ...settings,
      });
    });
  }

  get(
    collection: string,
    id: string,
    options: CallOptions,
  ): Promise<{ readonly time: WireTime; readonly found: Found | undefined }> {
    const name = this.#name(collection, id);
    return this.#call(`Read of ${collection}/${id}`, options, async (client, settings) => {
      const stream = client.batchGetDocuments(
        { database: this.#root, documents: [name] },
        streamed(settings),
      );
      const [answer] = await all<GetAnswer>(stream, settings.signal);
      if (answer?.readTime == null) throw new Error(`Firestore gave no answer for ${name}`);
      return { time: answer.readTime, found: answer.found == null ? undefined : foundOf(answer.found) };
    });
  }

  /** Writes the whole document. @returns when it was changed. */
  put(
    collection: string,
    id: string,
    fields: Fields,
    condition: Condition,
    options: CallOptions,
  ): Promise<{ readonly updated: WireTime; readonly time: WireTime }> {
    const update = { name: this.#name(collection, id), fields };
    return this.#call(`Write of ${collection}/${id}`, options, async (client, settings) => {
      const request = { database: this.#root, writes: [{ update, currentDocument: condition }] };
      const [{ writeResults, commitTime }] = (await client.commit(request as never, settings)) as unknown as [
        CommitAnswer,
      ];
      return { updated: writeResults[0]?.updateTime ?? commitTime, time: commitTime };
    });
  }

  delete(collection: string, id: string, condition: Condition, options: CallOptions): Promise<void> {
    const write = { delete: this.#name(collection, id), currentDocument: condition };
    return this.#call(`Delete of ${collection}/${id}`, options, async (client, settings) => {
      await client.commit({ database: this.#root, writes: [write] } as never, settings);
    });
  }

  /** Deletes those of the documents that are as they were read; of the others it says nothing. */
  async deleteUnchanged(
    collection: string,
    documents: readonly Found[],
    options: CallOptions,
  ): Promise<void> {
    await Promise.allSettled(
      documents.map(({ id, updated }) => this.delete(collection, id, { updateTime: updated }, options)),
    );
  }

  query(
    collection: string,
    query: DocumentQuery,
    options: CallOptions,
  ): Promise<{ readonly time: WireTime; readonly found: readonly Found[] }> {
    return this.#call(`List of ${collection}`, options, async (client, settings) => {
      const request = {
        parent: `${this.#root}/documents`,
        structuredQuery: structured(collection, query),
      };
      const answers = await all<QueryAnswer>(
        client.runQuery(request as never, streamed(settings)),
        settings.signal,
      );
      const time = answers[0]?.readTime;
      if (time == null) throw new Error(`Firestore gave no answer for ${collection}`);
      return {
        time,
        found: answers.flatMap(({ document }) => (document == null ? [] : [foundOf(document)])),
      };
    });
  }

  /** Lets go of the connections. */
  async close(): Promise<void> {
    const made = await this.#client.close();
    await made?.close();
  }

  #call<T>(
    what: string,
    options: CallOptions,
    send: (client: Client, settings: GrpcCallSettings) => Promise<T>,
  ): Promise<T> {
    return this.#calls.call(what, options, async (settings) => send(await this.#client.get(), settings));
  }

  #name(collection: string, id: string): string {
    return `${this.#root}/documents/${collection}/${id}`;
  }
}

interface WireDocument {
  readonly name: string;
  readonly fields: Fields;
  readonly updateTime: WireTime;
}

interface GetAnswer {
  readonly found?: WireDocument | null;
  readonly readTime?: WireTime | null;
}

interface QueryAnswer {
  readonly document?: WireDocument | null;
  readonly readTime?: WireTime | null;
}

interface CommitAnswer {
  readonly writeResults: readonly { readonly updateTime?: WireTime | null }[];
  readonly commitTime: WireTime;
}

function foundOf({ name, fields, updateTime }: WireDocument): Found {
  return { id: name.slice(name.lastIndexOf('/') + 1), fields, updated: updateTime };
}

function structured(collection: string, { order, above, below, limit }: DocumentQuery): object {
  const field = { fieldPath: order };
  const cursor = (value: FieldValue, before: boolean) => ({ values: [value], before });
  return {
    from: [{ collectionId: collection }],
    orderBy: [{ field, direction: 'ASCENDING' }],
    limit: { value: limit },
    ...(above !== undefined && { startAt: cursor(above, false) }),
    ...(below !== undefined && { endAt: cursor(below, true) }),
  };
}

// The retries of a streamed call are set in a place of their own.
function streamed(settings: GrpcCallSettings) {
  return { ...settings, retryRequestOptions: { retries: 0, noResponseRetries: 0 } };
}

interface AnswerStream extends NodeJS.ReadableStream {
  cancel?(): void;
}

/** All that a stream gives, which is ended on the wire when the signal aborts. */
async function all<T>(stream: AnswerStream, signal: AbortSignal): Promise<T[]> {
  const cancel = () => stream.cancel?.();
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const answers: T[] = [];
    for await (const answer of stream) answers.push(answer as unknown as T);
    return answers;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
