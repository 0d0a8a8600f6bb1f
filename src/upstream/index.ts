export type { Dependency, UpstreamAnswer } from './answer.ts';
export type { CheckPlan, DayRange, RowSource, ScheduleSource, UpstreamCheck } from './check.ts';
export { isTouchedBy } from './check.ts';
export {
  anyOf,
  outputOf,
  query,
  type RowsCheck,
  rows,
  type Schedule,
  schedule,
  snapshot,
  type Wanted,
} from './declare.ts';
export { gameCode, gameDate } from './games.ts';
export type { AskOptions, UpstreamReader, UpstreamRequest } from './reader.ts';
export { createUpstreamReader, type UpstreamReaderOptions } from './upstream-reader.ts';
