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
  /** Calls by method's name that their caller has cancelled. */
  readonly cancelled: readonly string[];
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
    cancelled: service.cancelled,
    sizes,
    entries: service.entries,
    fault: (code, times = 1) => service.faults.push(...Array<number | 'hang'>(times).fill(code)),
    close: async () => server.forceShutdown(),
  };
}

class LoggingService {
  readonly calls: string[] = [];
  readonly cancelled: string[] = [];
  readonly entries: StoredEntry[] = [];
  readonly faults: (number | 'hang')[] = [];
  #written = 0;

  guarded<Request>(method: string, answer: (request: Request) => object): Call<Request> {
    return (call, callback) => {
      const { request } = call;
      this.calls.push(method);
      call.on('cancelled', () => this.cancelled.push(method));
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
  const tests: ((entry: StoredEntry) => boolean)[] = [];
  for (let rest = filter; rest !== ''; ) {
    const [all, not, name, label, operator, quoted] = term.exec(rest) ?? [];
    const value = quoted === undefined ? undefined : (JSON.parse(quoted) as string);
    const test = value === undefined ? undefined : testOf(name, label, operator, value);
    if (all === undefined || test === undefined)
      throw Object.assign(new Error(`unknown filter: ${rest}`), { code: status.INVALID_ARGUMENT });
    tests.push(not === undefined ? test : (entry) => !test(entry));
    rest = rest.slice(all.length);
  }
  return (entry) => tests.every((test) => test(entry));
}

const string = String.raw`"(?:[^"\\]|\\.)*"`;
const term = new RegExp(
  String.raw`^(NOT )?(logName|timestamp|labels\.(\w+|${string}))(>=|=)(${string})(?: AND |$)`,
);

function testOf(
  name: string | undefined,
  label: string | undefined,
  operator: string | undefined,
  value: string,
): ((entry: StoredEntry) => boolean) | undefined {
  if (name === 'timestamp' && operator === '>=') {
    const least = Date.parse(value) * 1e6;
    return (entry) => nanosOf(entry) >= least;
  }
  if (operator !== '=') return undefined;
  if (name === 'logName') return ({ logName }) => logName === value;
  if (label === undefined) return undefined;
  const key = label.startsWith('"') ? (JSON.parse(label) as string) : label;
  return ({ labels }) => labels[key] === value;
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
