/** What the replay takes from the records of 16 January 2026, and what it assumes. Times are UTC; durations milliseconds. */

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

export const start = Date.parse('2026-01-16T00:00:00Z');
/** Games end and data comes in the night that follows. */
export const end = Date.parse('2026-01-17T12:00:00Z');
/** Starts are counted in the hours 0 to 20 of the 16th. */
export const countedHours = 21;

/** Runs an hour on that day, as far as they are recorded: 2 to 6 until 08:00, then these. */
export const recorded = {
  starts: 7_139,
  // Where a range is recorded its middle stands.
  startsByHour: [4, 4, 4, 4, 4, 4, 4, 4, 4, 350, 400, 400, 400, 400, 400, 400, 1_062, 1_756, 732, 444, 342],
};

/** What is known, and put in. */
export const inputs = {
  /** When the schedule asked for the day's output, whose data could not be there. */
  triggers: [Date.parse('2026-01-16T09:00:00Z'), Date.parse('2026-01-16T11:30:00Z')],
  today: '2026-01-16',
  yesterday: '2026-01-15',
  /** In the hours before 09:00 the output of the day before is asked for. */
  ordinaryEvery: 15 * minute,
  /** The last rows of the day before, and those of the day: one game's after the other's. */
  yesterdayLanded: Date.parse('2026-01-16T05:30:23Z'),
  games: Array.from({ length: 8 }, (_, game) => Date.parse('2026-01-17T02:40:23Z') + game * 24 * minute),
  runTakes: [7 * second, 10 * second],
  /** Pub/Sub's retry policy: exponential from and to. */
  backoff: [10 * second, 600 * second],
  ackDeadline: 600 * second,
} as const;

/** What nobody recorded, and is assumed in all worlds alike. */
export const assumed = {
  instances: 4,
  /** An instance is replaced after this, by SIGTERM. */
  instanceLives: 15 * minute,
  queryTakes: 500,
} as const;

/** The six constants that were calibrated, so that the first world resembles the record; none of them is per hour. */
export const calibrated = {
  /** Messages of the trigger at 09:00: one from each of the tables and phases that asked for the output. */
  firstTrigger: 33,
  /** And at 11:30. */
  secondTrigger: 28,
  /** Deliveries before a message is dead-lettered. */
  deliveries: 47,
  /** The retry queue takes a dead letter and publishes it so many times: several triggers of one output looped. */
  replays: 4,
  /** Deliveries of each of those. */
  replayDeliveries: 16,
  /** The share of runs that were cut off, and left "running". */
  cutOff: 0.29,
};
