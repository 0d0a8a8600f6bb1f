import type { JobFailure } from '../../../src/google/bigquery/bigquery-error.ts';
import type { WireField } from '../../../src/google/bigquery/wire.ts';
import { type Answer, LoopbackServer, type Received } from '../loopback-server.ts';
import { partsOf } from '../storage-server.ts';
import { type Configuration, failureOf, Job, nameOf, perform } from './jobs.ts';
import { EmulatedWarehouse } from './warehouse.ts';

export interface BigQueryServer extends LoopbackServer {
  /** Every job that was made, in order. */
  readonly jobs: ReadonlyMap<string, Job>;
  readonly warehouse: EmulatedWarehouse;
  /** The next jobs are made, and fail in this way without doing anything. */
  failJobs(failure: JobFailure, times?: number): void;
  /** Jobs of which the first answers say that they still run. */
  slowJobs(polls: number): void;
  /** Jobs whose insertions have arrived are made once this is settled. */
  holdJobs(until: Promise<unknown>): void;
}

/**
 * BigQuery's REST API, answering from DuckDB through the translation of the embedded warehouse: jobs for queries, scripts, loads and
 * copies, results by page, cancel, and tables.
 *
 * @param now Wall-clock milliseconds, for CURRENT_TIMESTAMP. Default: the machine's.
 */
export async function startBigQueryServer(now: () => number = Date.now): Promise<BigQueryServer> {
  const warehouse = await EmulatedWarehouse.open(now);
  const service = new BigQueryService(warehouse);
  const server = new LoopbackServer((request) => service.answer(request));
  await server.listen();
  const close = async () => {
    await LoopbackServer.prototype.close.call(server);
    await warehouse.close();
  };
  return Object.assign(server, {
    jobs: service.jobs,
    warehouse,
    failJobs: (failure: JobFailure, times = 1) => {
      service.failures.push(...Array<JobFailure>(times).fill(failure));
    },
    slowJobs: (polls: number) => {
      service.polls = polls;
    },
    holdJobs: (until: Promise<unknown>) => {
      service.held = until;
    },
    close,
  });
}

interface Insertion {
  readonly jobReference: { readonly jobId: string; readonly location?: string };
  readonly configuration: Configuration;
}

class BigQueryService {
  readonly jobs = new Map<string, Job>();
  readonly failures: JobFailure[] = [];
  polls = 0;
  held: Promise<unknown> = Promise.resolve();
  readonly #warehouse: EmulatedWarehouse;

  constructor(warehouse: EmulatedWarehouse) {
    this.#warehouse = warehouse;
  }

  async answer(request: Received): Promise<Answer> {
    const { method, url } = request;
    const [, upload, rest = ''] =
      /^(\/upload)?\/bigquery\/v2\/projects\/[^/]+(\/.*)$/.exec(url.pathname) ?? [];
    const [, jobId = ''] = /^\/(?:jobs|queries)\/([^/]+)/.exec(rest) ?? [];
    if (upload !== undefined) return this.#upload(request);
    if (method === 'POST' && rest === '/jobs')
      return this.#insert(JSON.parse(String(request.body)), Buffer.alloc(0));
    if (method === 'POST' && rest === `/jobs/${jobId}/cancel`) return this.#cancel(jobId);
    if (method === 'GET' && rest === `/jobs/${jobId}`) return this.#job(jobId);
    if (method === 'GET' && rest === `/queries/${jobId}`) return this.#results(jobId, url.searchParams);
    return this.#tables(request, rest);
  }

  #upload({ headers, body }: Received): Promise<Answer> {
    const [, boundary = ''] = /boundary=([^;]+)/.exec(String(headers['content-type'])) ?? [];
    const [head, media] = partsOf(body, boundary);
    return this.#insert(JSON.parse(String(head?.content)), media?.content ?? Buffer.alloc(0));
  }

  async #insert({ jobReference, configuration }: Insertion, media: Buffer): Promise<Answer> {
    const { jobId, location = 'US' } = jobReference;
    await this.held;
    if (this.jobs.has(jobId)) return failed({ reason: 'duplicate', message: `Already Exists: Job ${jobId}` });
    const failure = this.failures.shift();
    const job = new Job(jobId, location, configuration, async (signal) => {
      if (failure === undefined) return perform(this.#warehouse, configuration, media, signal);
      throw Object.assign(new JobFails(), failure);
    });
    if (failure !== undefined) void job.ended.then(() => Object.assign(job, { failure }));
    this.jobs.set(jobId, job);
    // A query is asked for its result next; of the others the end is told at once.
    if (configuration.query === undefined && this.polls === 0) await job.ended;
    return { json: this.#resource(job) };
  }

  async #job(id: string): Promise<Answer> {
    const job = this.jobs.get(id);
    if (job === undefined) return failed({ reason: 'notFound', message: `Not found: Job ${id}` });
    if (this.polls > 0) this.polls -= 1;
    else await job.ended;
    return { json: this.#resource(job) };
  }

  #resource({ id, location, configuration, state, failure }: Job): object {
    const status =
      this.polls > 0
        ? { state: 'RUNNING' }
        : { state, ...(failure && { errorResult: failure, errors: [failure] }) };
    return { jobReference: { jobId: id, location }, configuration, status };
  }

  #cancel(id: string): Answer {
    const job = this.jobs.get(id);
    if (job === undefined) return failed({ reason: 'notFound', message: `Not found: Job ${id}` });
    job.cancel();
    return { json: { job: this.#resource(job) } };
  }

  async #results(id: string, query: URLSearchParams): Promise<Answer> {
    const job = this.jobs.get(id);
    if (job === undefined) return failed({ reason: 'notFound', message: `Not found: Job ${id}` });
    if (this.polls > 0) {
      this.polls -= 1;
      return { json: { jobComplete: false } };
    }
    await job.ended;
    if (job.failure !== undefined) return failed(job.failure);
    const start = Number(query.get('pageToken') ?? 0);
    const end = start + Number(query.get('maxResults') ?? 10_000);
    const { fields, rows } = job.result;
    return {
      json: {
        jobComplete: true,
        totalRows: String(rows.length),
        ...(fields.length > 0 && { schema: { fields } }),
        ...(rows.length > 0 && { rows: rows.slice(start, end) }),
        ...(end < rows.length && { pageToken: String(end) }),
      },
    };
  }

  async #tables({ method, body }: Received, path: string): Promise<Answer> {
    const [, dataset, table] = /^\/datasets\/([^/]+)\/tables(?:\/([^/]+))?$/.exec(path) ?? [];
    const { signal } = new AbortController();
    if (dataset === undefined) return failed({ reason: 'notFound', message: `Not found: ${path}` });
    try {
      if (method === 'POST') {
        const { tableReference, schema } = JSON.parse(String(body)) as {
          tableReference: Parameters<typeof nameOf>[0];
          schema: { fields: readonly WireField[] };
        };
        await this.#warehouse.createTable(nameOf(tableReference), schema.fields, signal);
        return { json: { tableReference } };
      }
      if (method === 'DELETE') {
        await this.#warehouse.dropTable(`${dataset}.${table}`, signal);
        return { status: 204 };
      }
      return { json: { schema: { fields: await this.#warehouse.fieldsOf(`${dataset}.${table}`, signal) } } };
    } catch (error) {
      return failed(failureOf(error));
    }
  }
}

class JobFails extends Error {}

const statuses: Readonly<Record<string, number>> = {
  notFound: 404,
  duplicate: 409,
  accessDenied: 403,
  rateLimitExceeded: 403,
  quotaExceeded: 403,
  backendError: 503,
  internalError: 500,
  badGateway: 502,
};

/** An error as the REST API gives it. */
export function failed({ reason = 'invalid', message = reason }: JobFailure): Answer {
  const code = statuses[reason] ?? 400;
  return {
    status: code,
    json: { error: { code, message, errors: [{ reason, message, domain: 'global' }] } },
  };
}
