export type { GoogleStatistics } from './google-calls.ts';
export { type GoogleStorage, type GoogleStorageOptions, googleStorage } from './storage/google-storage.ts';
export {
  type CloudLogging,
  type CloudLoggingOptions,
  cloudLogging,
  type EntriesQuery,
  type FoundEntry,
  type LogEntry,
  type Severity,
  type WriteOptions,
} from './logging/cloud-logging.ts';
export {
  type CloudLogger,
  type CloudLoggerOptions,
  type CloudLoggerStatistics,
  cloudLogger,
} from './logging/cloud-logger.ts';
export { currentTrace, traced } from './logging/trace.ts';
export { type HeartbeatLogSinkOptions, heartbeatLogSink } from './logging/heartbeat-log-sink.ts';
export { type HeartbeatObjectSinkOptions, heartbeatObjectSink } from './storage/heartbeat-object-sink.ts';
export {
  type FirestoreStore,
  type FirestoreStoreOptions,
  firestoreStore,
} from './firestore/firestore-store.ts';
export type { FirestoreOptions } from './firestore/documents.ts';
export {
  type GoogleBigQuery,
  type GoogleBigQueryOptions,
  googleBigQuery,
} from './bigquery/google-bigquery.ts';
export {
  createGoogleContext,
  type GoogleContext,
  type GoogleContextOptions,
} from './context/create-google-context.ts';
export type { Endpoints, Environment } from './context/environment.ts';
export { type RetryProfile, type RetryProfileName, retryProfile } from './context/retry-profiles.ts';
export { PushTokenError, type PushTokenOptions, verifyPushToken } from './push-token.ts';
