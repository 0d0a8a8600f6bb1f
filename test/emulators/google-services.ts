import { randomUUID } from 'node:crypto';
import {
  createGoogleContext,
  type GoogleContext,
  type GoogleContextOptions,
} from '../../src/google/index.ts';
import { type BigQueryServer, startBigQueryServer } from './bigquery/server.ts';
import { type FirestoreFront, firestoreFront } from './firestore-front.ts';
import { FirestoreEmulator } from './firestore-emulator.ts';
import { type LoggingServer, startLoggingServer } from './logging-server.ts';
import { type StorageServer, startStorageServer } from './storage-server.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** The four services of one project on this machine, each behind a proxy that can spoil the network to it. */
export interface GoogleServices {
  readonly bigquery: BigQueryServer;
  readonly storage: StorageServer;
  readonly logging: LoggingServer;
  readonly firestore: FirestoreEmulator;
  /** Between Firestore and its network: where its calls are seen, and refused. */
  readonly front: FirestoreFront;
  readonly networks: {
    readonly bigquery: TcpProxy;
    readonly storage: TcpProxy;
    readonly logging: TcpProxy;
    readonly firestore: TcpProxy;
  };
  readonly project: string;
  /** Where a process finds them. */
  readonly endpoints: Readonly<Record<'bigquery' | 'storage' | 'logging' | 'firestore', string>>;
  /** A context of the project, as another process would have it. */
  context(options?: Partial<GoogleContextOptions>): GoogleContext;
  close(): Promise<void>;
}

/**
 * @param now Wall-clock milliseconds that BigQuery and Firestore tell. Default: the machine's.
 */
export async function startGoogleServices(now?: () => number): Promise<GoogleServices> {
  const [bigquery, storage, logging, firestore] = await Promise.all([
    startBigQueryServer(now),
    startStorageServer(),
    startLoggingServer(),
    FirestoreEmulator.start(),
  ]);
  const front = await firestoreFront(firestore, now);
  const networks = {
    bigquery: await TcpProxy.before(bigquery.port),
    storage: await TcpProxy.before(storage.port),
    logging: await TcpProxy.before(logging.port),
    firestore: await TcpProxy.before(front.port),
  };
  const at = ({ port }: TcpProxy) => `http://127.0.0.1:${port}`;
  const project = `p${randomUUID()}`;
  const endpoints = {
    bigquery: at(networks.bigquery),
    storage: at(networks.storage),
    logging: at(networks.logging),
    firestore: at(networks.firestore),
  };
  return {
    project,
    endpoints,
    bigquery,
    storage,
    logging,
    firestore,
    front,
    networks,
    context: (options = {}) =>
      createGoogleContext({ project, location: 'US', env: {}, endpoints, ...options }),
    async close() {
      await Promise.all(Object.values(networks).map((network) => network.close()));
      front.close();
      await Promise.all([bigquery, storage, logging, firestore].map((service) => service.close()));
    },
  };
}
