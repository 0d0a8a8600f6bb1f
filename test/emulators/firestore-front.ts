import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  Client,
  credentials,
  loadPackageDefinition,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceError,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

/**
 * What stands before a Firestore: it hands everything on, tells another time with the answers if it is to, refuses calls if it is
 * to, and notes what is written. When a document was changed stays as it was, as writes are conditioned on it.
 */
export interface FirestoreFront {
  readonly port: number;
  /** Calls by method's name. */
  readonly calls: readonly string[];
  /** When each of them must have ended, as its caller says; wall-clock milliseconds. */
  readonly deadlines: readonly number[];
  /** Documents that were written or deleted, one for each write that was carried out. */
  readonly written: readonly string[];
  /** The next calls end in this gRPC code, or in nothing. */
  fault(code: number | 'hang', times?: number): void;
  close(): void;
}

/** @param now Wall-clock milliseconds that answers tell. Default: the time that Firestore tells. */
export async function firestoreFront(
  target: { readonly port: number },
  now?: () => number,
): Promise<FirestoreFront> {
  const firestore = new Client(`127.0.0.1:${target.port}`, credentials.createInsecure());
  const { BatchGetDocuments, RunQuery, Commit } = serviceDefinition();
  const calls: string[] = [];
  const deadlines: number[] = [];
  const written: string[] = [];
  const faults: (number | 'hang')[] = [];
  const timed = (answer: Answer): Answer => {
    if (now === undefined) return answer;
    const time = timestamp(now());
    return {
      ...answer,
      ...(answer.readTime !== undefined && { readTime: time }),
      ...(answer.commitTime !== undefined && { commitTime: time }),
    };
  };
  /** Hands a call on, unless it is to fail. */
  const guarded = (
    name: string,
    call: { getDeadline(): Date | number },
    fail: (error: Partial<ServiceError>) => void,
    handOn: () => void,
  ) => {
    calls.push(name);
    deadlines.push(Number(call.getDeadline()));
    const fault = faults.shift();
    if (fault === undefined) handOn();
    else if (fault !== 'hang') fail({ code: fault, details: 'The test says so' });
  };
  const streamed =
    (name: string, { path, requestSerialize, responseDeserialize }: Method) =>
    (call: ServerWritableStream<object, Answer>) =>
      guarded(
        name,
        call,
        (error) => call.emit('error', error),
        () => {
          const answers = firestore.makeServerStreamRequest(
            path,
            requestSerialize,
            responseDeserialize,
            call.request,
            call.metadata,
          );
          answers.on('data', (answer: Answer) => call.write(timed(answer)));
          answers.on('end', () => call.end());
          answers.on('error', (error) => call.emit('error', error));
          call.on('cancelled', () => answers.cancel());
        },
      );
  const server = new Server();
  server.addService(
    { BatchGetDocuments, RunQuery, Commit },
    {
      BatchGetDocuments: streamed('BatchGetDocuments', BatchGetDocuments),
      RunQuery: streamed('RunQuery', RunQuery),
      Commit: (call: ServerUnaryCall<CommitRequest, Answer>, callback: sendUnaryData<Answer>) =>
        guarded('Commit', call, callback, () => {
          const sent = firestore.makeUnaryRequest(
            Commit.path,
            Commit.requestSerialize,
            Commit.responseDeserialize,
            call.request,
            call.metadata,
            (error, answer) => {
              if (answer === undefined) return callback(error);
              for (const { update, delete: name } of call.request.writes ?? [])
                written.push(update?.name ?? name ?? '');
              callback(null, timed(answer));
            },
          );
          call.on('cancelled', () => sent.cancel());
        }),
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    port,
    calls,
    deadlines,
    written,
    fault: (code, times = 1) => faults.push(...Array<number | 'hang'>(times).fill(code)),
    close() {
      server.forceShutdown();
      firestore.close();
    },
  };
}

interface Answer {
  readonly readTime?: object;
  readonly commitTime?: object;
}

interface CommitRequest {
  readonly writes?: readonly { readonly update?: { readonly name: string }; readonly delete?: string }[];
}

type Method = MethodDefinition<object, Answer>;

function timestamp(milliseconds: number): object {
  const seconds = Math.floor(milliseconds / 1_000);
  return { seconds: String(seconds), nanos: Math.round((milliseconds - seconds * 1_000) * 1e6) };
}

function serviceDefinition() {
  const entry = createRequire(import.meta.url).resolve('@google-cloud/firestore');
  const protos = join(dirname(entry), '..', 'protos', 'v1.json');
  // Handed on as it came: what a message does not say stays unsaid.
  const definition = fromJSON(JSON.parse(readFileSync(protos, 'utf8')), { longs: String, enums: String });
  const root = loadPackageDefinition(definition) as unknown as {
    google: { firestore: { v1: { Firestore: { service: ServiceDefinition } } } };
  };
  return root.google.firestore.v1.Firestore.service as unknown as Readonly<
    Record<'BatchGetDocuments' | 'RunQuery' | 'Commit', Method>
  >;
}
