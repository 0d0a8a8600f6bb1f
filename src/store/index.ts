export type {
  Collection,
  CollectionDefinition,
  Entry,
  GetResult,
  ListQuery,
  Page,
  PutOptions,
  PutResult,
  ReadableEntry,
  Store,
  StoreCall,
  UnreadableEntry,
} from './collection.ts';
export { type ControlRecord, controlRecords, isPause } from './control-record.ts';
export { nextFence } from './fence.ts';
export { memoryStore } from './memory-store.ts';
export { type RejectedMessage, rejectedMessages } from './rejected-message.ts';
export { retention } from './retention.ts';
export { type RunRecord, runRecords } from './run-record.ts';
export { type ParkedWork, type WorkRecord, workRecords } from './work-record.ts';
export {
  checkDefinition,
  checkKey,
  checkList,
  cursorOf,
  decodeRecord,
  encodeRecord,
  neverDue,
  type Place,
  placeOf,
  type StoredRecord,
} from './stored-record.ts';
export { circuitRecords, circuitStore, type StoredCircuit } from './circuit-records.ts';
