/** One sign of life of one run. */
export interface Beat {
  readonly processor: string;
  readonly key: string;
  readonly runId: string;
  /** The claim's fencing token: of two runs of a key, the larger is the newer. */
  readonly fence: number;
  /** `running`, or how the run ended. */
  readonly status: (typeof beatStatuses)[number];
  /** ISO 8601 wall times. */
  readonly started: string;
  readonly beat: string;
  /** From 1, growing by one a beat. */
  readonly sequence: number;
  readonly progress: {
    readonly done: number;
    readonly total: number | null;
    readonly message: string | null;
  } | null;
  readonly step: string | null;
  /** ISO 8601: when step or progress last changed. A run that beats but does not progress is alive and stuck. */
  readonly progressed: string;
  /** The event loop's worst lag since the previous beat, in milliseconds. */
  readonly lag: number;
  readonly host: string;
  readonly version: string;
  /** ISO 8601: when the record may be deleted. */
  readonly expires: string;
}

export const beatStatuses = ['running', 'succeeded', 'skipped', 'failed', 'timed_out', 'cancelled'] as const;
