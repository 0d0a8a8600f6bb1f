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
