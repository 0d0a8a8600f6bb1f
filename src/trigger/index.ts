export { dependencyLevels } from './dependency-order.ts';
export {
  createDispatcher,
  type Dispatcher,
  type DispatcherOptions,
  type DispatchOptions,
} from './dispatcher.ts';
export {
  createOperations,
  type OperationCall,
  type Operations,
  type ParkedRun,
  type PausedProcessor,
} from './operations.ts';
export { type Holder, recoverDead, recoverHolders, recoverRun } from './recover.ts';
export type { ProcessorClass } from './registry.ts';
export type { SweepReport } from './sweep-report.ts';
export type { SweepCall } from './sweeper.ts';
export { type PushHandler, type PushOptions, pushHandler } from './push-handler.ts';
export { type PushServer, type ServeOptions, servePush } from './serve.ts';
export { type JobOptions, type JobReport, runJob } from './run-job.ts';
export { type ScheduledJob, type Scheduler, type SchedulerOptions, startScheduler } from './scheduler.ts';
