export { type AsyncContext, captureContext, runIn } from './async-context.ts';
export type { Clock, Timer } from './clock.ts';
export { realClock } from './clock.ts';
export type { Duration, DurationRule } from './duration.ts';
export { milliseconds } from './duration.ts';
export { sleep } from './sleep.ts';
export { withinTime } from './within-time.ts';
export { type Deadline, type DeadlineTimer, deadlineTimer } from './deadline-timer.ts';
export { reportError } from './report-error.ts';
