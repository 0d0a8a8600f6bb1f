export type {
  BigQueryClient,
  Fence,
  FencedWriteOptions,
  LoadOptions,
  MergeOptions,
  NdjsonSource,
  ParameterType,
  Partition,
  QueryOptions,
  QueryParameter,
  QueryRow,
  QueryValue,
  ScalarType,
  TableName,
  WriteResult,
} from './bigquery.ts';
export type { CallOptions } from './call.ts';
export type { HttpClient, HttpRequestOptions, HttpResponse } from './http.ts';
export type { LogFields, Logger } from './logger.ts';
export { silentLogger } from './logger.ts';
export type { DeleteOptions, ListOptions, SaveOptions, StorageClient, StoredObject } from './storage.ts';
export { checkGeneration, checkListLimit, checkObjectPath, checkObjectPrefix } from './object-path.ts';
