export type {
  BigQueryClient,
  DeadLetters,
  Fence,
  FencedWriteOptions,
  InsertOptions,
  InsertResult,
  LoadOptions,
  MergeOptions,
  NdjsonSource,
  ParameterType,
  Partition,
  QueryOptions,
  QueryParameter,
  QueryRow,
  QueryValue,
  RejectedRow,
  ScalarType,
  TableName,
  WriteOptions,
  WriteResult,
} from './bigquery.ts';
export { checkInsert, type GuardedInsert, guardedInsert, insertUnacknowledged } from './dead-letters.ts';
export { type NdjsonRow, ndjsonRows } from './ndjson-rows.ts';
export {
  checkFence,
  checkMerge,
  checkPartition,
  type TableParts,
  tableParts,
} from './table-writes.ts';
export { boundedCall, type CallBounds, deadlineOf } from './bounded-call.ts';
export type { CallOptions } from './call.ts';
export type { HttpClient, HttpRequestOptions, HttpResponse } from './http.ts';
export { type HttpCallsOptions, httpCalls } from './http-calls.ts';
export { createHttpClient, type HttpClientOptions, type PooledHttpClient } from './http-client.ts';
export type { HttpTransport, HttpTransportListener, HttpTransportRequest } from './http-transport.ts';
export type { LogFields, Logger } from './logger.ts';
export { silentLogger } from './logger.ts';
export type {
  DeleteOptions,
  ListOptions,
  ObjectSource,
  ObjectStream,
  SaveOptions,
  StorageClient,
  StoredObject,
} from './storage.ts';
export { boundedItems } from './bounded-items.ts';
export {
  bytesInMemory,
  checkMaxBytes,
  checkReadable,
  isStream,
  overwritten,
  streamedBytes,
} from './object-bytes.ts';
export { checkGeneration, checkListLimit, checkObjectPath, checkObjectPrefix } from './object-path.ts';
export { createJsonLogger, type JsonLoggerOptions } from './json-logger.ts';
export {
  type LogLevel,
  type StructuredLine,
  type StructuredLoggerOptions,
  structuredLogger,
} from './structured-logger.ts';
export { parsedRow } from './parsed-row.ts';
export { fitting, requireColumn, rowFor, rowsIn, type TableColumn, type WrittenTable } from './table-rows.ts';
export type { OriginStatistics } from './http-origin.ts';
export { type HttpService, type HttpServiceOptions, httpService } from './http-service.ts';
export { type ServiceCircuitOptions, serviceCircuit } from './service-circuit.ts';
