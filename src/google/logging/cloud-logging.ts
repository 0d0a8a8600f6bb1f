import type { Logging } from '@google-cloud/logging';
import type { CallOptions } from '../../clients/index.ts';
import { ConfigurationError } from '../../errors/index.ts';
import { type Clock, type Duration, realClock } from '../../time/index.ts';
import { endpointOf } from '../endpoint.ts';
import { GrpcCalls } from '../grpc-calls.ts';
import { grpcSettings } from '../grpc-settings.ts';
import { Lazy } from '../lazy.ts';
import { requirePeer } from '../require-peer.ts';

export interface CloudLoggingOptions {
  readonly project: string;
  /** Where the service is, when not at Google's: `http://127.0.0.1:9000`. */
  readonly endpoint?: string | undefined;
  /** The longest a call takes, where it does not say otherwise itself. Default: 10 s. */
  readonly timeout?: Duration | undefined;
  readonly clock?: Clock | undefined;
}

export type Severity = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';

/** One entry of a log. */
export interface LogEntry {
  /** ISO 8601; not more than a day ahead. */
  readonly timestamp: string;
  readonly severity: Severity;
  /** Of two entries of one log with the same time and id, the service shows one. */
  readonly insertId?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** `projects/<project>/traces/<id>`. */
  readonly trace?: string | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An entry as it was read. */
export interface FoundEntry extends LogEntry {
  readonly insertId: string;
  /** ISO 8601: when the service took it. */
  readonly received: string | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Whether good entries are kept though others are bad. Default: false. */
  readonly partial?: boolean | undefined;
}

export interface EntriesQuery extends CallOptions {
  /** ISO 8601: the least time. */
  readonly since: string;
  /** Labels that an entry must have. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Labels that an entry must not have. */
  readonly withoutLabels?: Readonly<Record<string, string>> | undefined;
  /** The previous page's `next`. */
  readonly after?: string | undefined;
}

/** Cloud Logging: what is written to it and what can be read back. */
export interface CloudLogging {
  /** Writes up to 1,000 entries of one log, in one request that is sent once. */
  write(log: string, entries: readonly LogEntry[], options?: WriteOptions): Promise<void>;
  /** A page of at most 1,000 entries of one log, the newest first. One call of a quota of 60 a minute a project. */
  entries(
    log: string,
    query: EntriesQuery,
  ): Promise<{ readonly entries: readonly FoundEntry[]; readonly next: string | undefined }>;
  /** Lets go of the client. */
  close(): Promise<void>;
}

/**
 * Cloud Logging through the official client. Every call is sent once and bounded in time.
 *
 * @throws ConfigurationError for a bad option; the first call, if `@google-cloud/logging` is not installed.
 */
export function cloudLogging(options: CloudLoggingOptions): CloudLogging {
  const { project, timeout = '10s', clock = realClock } = options;
  const endpoint =
    options.endpoint === undefined ? undefined : endpointOf('logging.endpoint', options.endpoint);
  const calls = new GrpcCalls({ service: 'cloud_logging', clock, timeout });
  const client = new Lazy('cloud_logging', async (): Promise<Logging> => {
    const [{ Logging }, settings] = await Promise.all([
      requirePeer('@google-cloud/logging', () => import('@google-cloud/logging')),
      grpcSettings(endpoint),
    ]);
    return new Logging({ projectId: project, ...settings });
  });
  const nameOf = (log: string) => `projects/${project}/logs/${encodeURIComponent(checkedLog(log))}`;
  return {
    async write(log, entries, call = {}) {
      const logName = nameOf(log);
      await calls.call(`Write to log ${log}`, call, async (settings) => {
        const logging = await client.get();
        const request = {
          logName,
          resource: { type: 'global', labels: { project_id: project } },
          entries: entries.map((entry) => wireEntry(logging, entry, project)),
          partialSuccess: call.partial ?? false,
        };
        await logging.loggingService.writeLogEntries(request, settings);
      });
    },
    async entries(log, { since, labels = {}, withoutLabels = {}, after, ...call }) {
      const terms = [
        `logName="${nameOf(log)}"`,
        `timestamp>="${checkedTime(since)}"`,
        ...Object.entries(labels).map(labelTerm),
        ...Object.entries(withoutLabels).map((label) => `NOT ${labelTerm(label)}`),
      ];
      return calls.call(`Read of log ${log}`, call, async (settings) => {
        const logging = await client.get();
        const [entries, , answer] = await logging.getEntries({
          resourceNames: [`projects/${project}`],
          filter: terms.join(' AND '),
          orderBy: 'timestamp desc',
          pageSize: 1_000,
          autoPaginate: false,
          ...(after !== undefined && { pageToken: after }),
          gaxOptions: { ...settings, autoPaginate: false },
        });
        return { entries: entries.map(foundEntry), next: answer?.nextPageToken || undefined };
      });
    },
    async close() {
      const made = await client.close();
      await made?.loggingService.close();
      await made?.configService.close();
    },
  };
}

function wireEntry(logging: Logging, entry: LogEntry, project: string) {
  const { timestamp, severity, insertId, labels, trace, payload } = entry;
  const metadata = {
    timestamp: new Date(timestamp),
    severity,
    ...(insertId !== undefined && { insertId }),
    ...(labels !== undefined && { labels: { ...labels } }),
    ...(trace !== undefined && { trace }),
  };
  return logging.entry(metadata, plain(payload)).toJSON({ removeCircular: true }, project);
}

/** A copy without what JSON does not have: the client refuses it. */
function plain(payload: LogEntry['payload']): object {
  return JSON.parse(JSON.stringify(payload)) as object;
}

function foundEntry({ metadata, data }: { readonly metadata: object; readonly data: unknown }): FoundEntry {
  const { timestamp, severity, insertId, labels, trace, receiveTimestamp } = metadata as Record<
    string,
    unknown
  >;
  return {
    timestamp: (timestamp as Date).toISOString(),
    severity: severity as Severity,
    insertId: String(insertId),
    labels: (labels ?? {}) as Record<string, string>,
    ...(typeof trace === 'string' && trace !== '' && { trace }),
    payload: data as Record<string, unknown>,
    received: isoOf(receiveTimestamp),
  };
}

function isoOf(time: unknown): string | undefined {
  const { seconds, nanos = 0 } = (time ?? {}) as { seconds?: unknown; nanos?: unknown };
  return seconds === undefined
    ? undefined
    : new Date(Number(seconds) * 1_000 + Math.floor(Number(nanos) / 1e6)).toISOString();
}

/** A label in a filter, its name and value quoted: whatever is in them is text. */
function labelTerm([name, value]: readonly [string, string]): string {
  return `labels.${quoted(name)}=${quoted(value)}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function checkedTime(since: string): string {
  if (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(since) &&
    !Number.isNaN(Date.parse(since))
  )
    return since;
  throw new ConfigurationError('entries.since', 'an ISO 8601 time', since);
}

function checkedLog(log: string): string {
  if (/^[A-Za-z0-9/_.-]{1,400}$/.test(log)) return log;
  throw new ConfigurationError('log', "letters, digits and '/', '_', '.', '-'", log);
}
