import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

export interface LoggingServer {
  readonly port: number;
  /** Calls by method's name. */
  readonly calls: readonly string[];
  /** Bytes of each write's request. */
  readonly sizes: readonly number[];
  /** Entries that are kept. */
  readonly entries: readonly StoredEntry[];
  /** The next calls end in this gRPC code, or in nothing. */
  fault(code: number | 'hang', times?: number): void;
  close(): Promise<void>;
}

export interface StoredEntry {
  readonly logName: string;
  readonly insertId: string;
  readonly timestamp: { readonly seconds: string; readonly nanos: number };
  readonly severity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

interface WriteRequest {
  readonly logName: string;
  readonly entries: readonly (Partial<StoredEntry> & { readonly logName: string })[];
}

interface ListRequest {
  readonly filter: string;
  readonly orderBy: string;
  readonly pageSize: number;
  readonly pageToken: string;
}

type Call<Request> = (call: ServerUnaryCall<Request, object>, callback: sendUnaryData<object>) => void;

/** Cloud Logging's gRPC service in memory: write and list, with the filters that name log, labels and least time. */
export async function startLoggingServer(): Promise<LoggingServer> {
  const service = new LoggingService();
  // As large a request as the service takes.
  const server = new Server({ 'grpc.max_receive_message_length': 10_000_000 });
  const sizes: number[] = [];
  const definition = serviceDefinition();
  const { requestDeserialize: decode } = definition.WriteLogEntries!;
  const WriteLogEntries = {
    ...definition.WriteLogEntries!,
    requestDeserialize(bytes: Buffer): unknown {
      sizes.push(bytes.length);
      return decode(bytes);
    },
  };
  server.addService(
    { ...definition, WriteLogEntries },
    {
      WriteLogEntries: service.guarded('WriteLogEntries', (request: WriteRequest) => service.write(request)),
      ListLogEntries: service.guarded('ListLogEntries', (request: ListRequest) => service.list(request)),
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    port,
    calls: service.calls,
    sizes,
    entries: service.entries,
    fault: (code, times = 1) => service.faults.push(...Array<number | 'hang'>(times).fill(code)),
    close: async () => server.forceShutdown(),
  };
}

class LoggingService {
  readonly calls: string[] = [];
  readonly entries: StoredEntry[] = [];
  readonly faults: (number | 'hang')[] = [];
  #written = 0;

  guarded<Request>(method: string, answer: (request: Request) => object): Call<Request> {
    return ({ request }, callback) => {
      this.calls.push(method);
      const fault = this.faults.shift();
      if (fault === 'hang') return;
      if (fault !== undefined) callback({ code: fault, details: 'The test says so' });
      else callback(null, answer(request));
    };
  }

  write({ logName, entries }: WriteRequest): object {
    for (const entry of entries) {
      this.#written += 1;
      const stored = {
        severity: 'DEFAULT',
        labels: {},
        ...entry,
        logName: entry.logName || logName,
        insertId: entry.insertId || `generated-${this.#written}`,
        timestamp: entry.timestamp ?? { seconds: '0', nanos: 0 },
      } satisfies StoredEntry;
      // As the service's own queries show them: one of those with the same time and id.
      if (!this.entries.some((other) => sameEntry(other, stored))) this.entries.push(stored);
    }
    return {};
  }

  list({ filter, orderBy, pageSize, pageToken }: ListRequest): object {
    const fits = filterOf(filter);
    const found = this.entries.filter(fits).sort((a, b) => nanosOf(a) - nanosOf(b));
    if (/desc/i.test(orderBy)) found.reverse();
    const start = Number(pageToken || 0);
    const end = start + (pageSize || 50);
    return { entries: found.slice(start, end), nextPageToken: end < found.length ? String(end) : '' };
  }
}

function sameEntry(a: StoredEntry, b: StoredEntry): boolean {
  return a.insertId === b.insertId && a.logName === b.logName && nanosOf(a) === nanosOf(b);
}

function nanosOf({ timestamp }: StoredEntry): number {
  return Number(timestamp.seconds) * 1e9 + timestamp.nanos;
}

/** Only what is known is taken: a filter that were read wrongly would show too much. */
function filterOf(filter: string): (entry: StoredEntry) => boolean {
  const terms = filter.split(/\s+AND\s+/i).filter((term) => term.trim() !== '');
  const tests = terms.map((term): ((entry: StoredEntry) => boolean) => {
    const [, name, operator, value] = /^\s*([\w.]+)\s*(>=|=)\s*"([^"]*)"\s*$/.exec(term) ?? [];
    if (name === 'logName' && operator === '=') return ({ logName }) => logName === value;
    if (name === 'timestamp' && operator === '>=')
      return (entry) => nanosOf(entry) >= Date.parse(value as string) * 1e6;
    const [, label] = /^labels\.(\w+)$/.exec(name ?? '') ?? [];
    if (label !== undefined && operator === '=') return ({ labels }) => labels[label] === value;
    throw Object.assign(new Error(`unknown filter: ${term}`), { code: status.INVALID_ARGUMENT });
  });
  return (entry) => tests.every((test) => test(entry));
}

function serviceDefinition(): ServiceDefinition {
  // The definitions lie in the package that the official client is made of.
  const require = createRequire(createRequire(import.meta.url).resolve('@google-cloud/logging'));
  const entry = require.resolve('@google-cloud/logging-api');
  const json = JSON.parse(readFileSync(entry.replace(/src[\\/]index\.js$/, 'protos/protos.json'), 'utf8'));
  const definition = fromJSON(json, { longs: String, enums: String, defaults: true, oneofs: false });
  const root = loadPackageDefinition(definition) as unknown as {
    google: { logging: { v2: { LoggingServiceV2: { service: ServiceDefinition } } } };
  };
  return root.google.logging.v2.LoggingServiceV2.service;
}
