import { BreakwaterError, ServiceError } from '../../../src/errors/index.ts';
import type { JobFailure } from '../../../src/google/bigquery/bigquery-error.ts';
import type { EmulatedWarehouse, Result, WireQuery } from './warehouse.ts';

interface Reference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

export interface Configuration {
  readonly query?: WireQuery;
  readonly load?: { readonly destinationTable: Reference; readonly writeDisposition?: string };
  readonly copy?: {
    readonly sourceTable: Reference;
    readonly destinationTable: Reference;
    readonly writeDisposition?: string;
  };
  readonly labels?: Readonly<Record<string, string>>;
  readonly jobTimeoutMs?: string;
}

/** A job that was made; whatever asks for it again gets the same one. */
export class Job {
  readonly id: string;
  readonly location: string;
  readonly configuration: Configuration;
  readonly ended: Promise<void>;
  state: 'RUNNING' | 'DONE' = 'RUNNING';
  failure: JobFailure | undefined;
  result: Result = { fields: [], rows: [] };
  cancelled = false;
  readonly #stop = new AbortController();

  constructor(
    id: string,
    location: string,
    configuration: Configuration,
    work: (signal: AbortSignal) => Promise<Result>,
  ) {
    this.id = id;
    this.location = location;
    this.configuration = configuration;
    this.ended = this.#run(work);
  }

  cancel(): void {
    this.cancelled = true;
    if (this.state === 'RUNNING') this.#stop.abort(new Stopped());
  }

  async #run(work: (signal: AbortSignal) => Promise<Result>): Promise<void> {
    try {
      this.result = await work(this.#stop.signal);
    } catch (error) {
      this.failure = failureOf(error);
    }
    this.state = 'DONE';
  }
}

/** What the warehouse does for a job. */
export async function perform(
  warehouse: EmulatedWarehouse,
  { query, load, copy }: Configuration,
  media: Buffer,
  signal: AbortSignal,
): Promise<Result> {
  if (query !== undefined) return warehouse.query(query, signal);
  if (load !== undefined)
    await warehouse.load(
      nameOf(load.destinationTable),
      media,
      load.writeDisposition === 'WRITE_TRUNCATE',
      signal,
    );
  else if (copy !== undefined)
    await warehouse.copy(
      nameOf(copy.sourceTable),
      nameOf(copy.destinationTable),
      copy.writeDisposition === 'WRITE_TRUNCATE',
      signal,
    );
  return { fields: [], rows: [] };
}

export function nameOf({ datasetId, tableId }: Reference): string {
  return `${datasetId}.${tableId}`;
}

class Stopped extends Error {}

export function failureOf(error: unknown): JobFailure {
  const message = (error as Error).message;
  if (error instanceof Stopped) return { reason: 'stopped', message: 'Job execution was cancelled' };
  if (error instanceof ServiceError) return { reason: error.code ?? 'backendError', message };
  return { reason: error instanceof BreakwaterError ? 'invalidQuery' : 'internalError', message };
}
