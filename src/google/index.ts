export type { GoogleStatistics } from './google-calls.ts';
export { type GoogleStorage, type GoogleStorageOptions, googleStorage } from './storage/google-storage.ts';
