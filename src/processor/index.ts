export { AnalyticsProcessorBase } from './analytics-processor-base.ts';
export { cancelWork, RunCancelledError } from './cancellation.ts';
export { dataHash } from './data-hash.ts';
export type { AnalysisDate, DateRange } from './date-range.ts';
export { type ProcessorDefinition, type ProcessorOptions, defineProcessor } from './definition.ts';
export { type RunClass, type RunConstructor, mixin, mixinsOf } from './mixin.ts';
export { failed, skipped, succeeded } from './outcomes.ts';
export { processorCircuit } from './processor-circuit.ts';
export { PrecomputeProcessorBase } from './precompute-processor-base.ts';
export { ProcessorBase } from './processor-base.ts';
export { type Quality, type QualityInput, type QualityTier, quality } from './quality.ts';
export type { Run } from './run.ts';
export {
  type DispatchCall,
  type RunCall,
  type RunFunction,
  type RunPart,
  RunBase,
  dispatched,
} from './run-base.ts';
export { type Settlement, parkedAgain } from './release.ts';
export { type DeadReason, type DeadRun, recordDead, recordGaveUp } from './run-records.ts';
export * from './run-result.ts';
export { type SourceColumns, type SourceQuery, sourceColumns } from './source-columns.ts';
export { type SystemCircuit, type SystemCircuitOptions, systemCircuit } from './system-circuit.ts';
export { withCircuitBreaker } from './with-circuit-breaker.ts';
export { withHeartbeat } from './with-heartbeat.ts';
export { withTimeout } from './with-timeout.ts';
export { withUpstreamCheck } from './with-upstream-check.ts';
export { type HeldWork, isHeld, lastLooks, shortened, updateWork } from './work-changes.ts';
