export { createLocalContext, type LocalContext, type LocalContextOptions } from './create-local-context.ts';
export { type LocalObjects, type LocalObjectsOptions, localObjects } from './objects.ts';
export { type LocalState, type LocalStateOptions, localState } from './state.ts';
export { UnsupportedSqlError } from './warehouse/dialect/unsupported-sql-error.ts';
export {
  openWarehouse,
  type Warehouse,
  type WarehouseOptions,
  type WarehouseStatistics,
} from './warehouse/warehouse.ts';
