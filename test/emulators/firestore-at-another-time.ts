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
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

/**
 * A Firestore as it would answer at another time: it hands everything on, and changes only the time that answers tell. When a
 * document was changed stays as it was, as writes are conditioned on it.
 */
export interface FirestoreAtAnotherTime {
  readonly port: number;
  close(): void;
}

/** @param now Wall-clock milliseconds. */
export async function firestoreAtAnotherTime(
  target: { readonly port: number },
  now: () => number,
): Promise<FirestoreAtAnotherTime> {
  const firestore = new Client(`127.0.0.1:${target.port}`, credentials.createInsecure());
  const service = serviceDefinition();
  const atThatTime = (answer: Answer): Answer => {
    const time = timestamp(now());
    return {
      ...answer,
      ...(answer.readTime !== undefined && { readTime: time }),
      ...(answer.commitTime !== undefined && { commitTime: time }),
    };
  };
  const server = new Server();
  server.addService(
    { BatchGetDocuments: service.BatchGetDocuments!, RunQuery: service.RunQuery!, Commit: service.Commit! },
    {
      BatchGetDocuments: streamed(service.BatchGetDocuments!),
      RunQuery: streamed(service.RunQuery!),
      Commit: (call: ServerUnaryCall<object, Answer>, callback: sendUnaryData<Answer>) => {
        const { path, requestSerialize, responseDeserialize } = service.Commit!;
        const sent = firestore.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          call.request,
          call.metadata,
          (error, answer) => callback(error, answer === undefined ? undefined : atThatTime(answer)),
        );
        call.on('cancelled', () => sent.cancel());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    port,
    close() {
      server.forceShutdown();
      firestore.close();
    },
  };

  function streamed({ path, requestSerialize, responseDeserialize }: Method) {
    return (call: ServerWritableStream<object, Answer>) => {
      const answers = firestore.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        call.request,
        call.metadata,
      );
      answers.on('data', (answer: Answer) => call.write(atThatTime(answer)));
      answers.on('end', () => call.end());
      answers.on('error', (error) => call.destroy(error));
      call.on('cancelled', () => answers.cancel());
    };
  }
}

interface Answer {
  readonly readTime?: object;
  readonly commitTime?: object;
}

type Method = MethodDefinition<object, Answer>;

function timestamp(milliseconds: number): object {
  const seconds = Math.floor(milliseconds / 1_000);
  return { seconds: String(seconds), nanos: Math.round((milliseconds - seconds * 1_000) * 1e6) };
}

function serviceDefinition(): Readonly<Record<string, Method>> {
  const entry = createRequire(import.meta.url).resolve('@google-cloud/firestore');
  const protos = join(dirname(entry), '..', 'protos', 'v1.json');
  // Handed on as it came: what a message does not say stays unsaid.
  const definition = fromJSON(JSON.parse(readFileSync(protos, 'utf8')), { longs: String, enums: String });
  const root = loadPackageDefinition(definition) as unknown as {
    google: { firestore: { v1: { Firestore: { service: ServiceDefinition } } } };
  };
  return root.google.firestore.v1.Firestore.service as unknown as Readonly<Record<string, Method>>;
}
