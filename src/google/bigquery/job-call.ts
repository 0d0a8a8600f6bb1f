/** A call, and what all its jobs are to bear. */
export interface JobCall {
  readonly signal: AbortSignal;
  /** The call's time in milliseconds: BigQuery itself ends a job that runs longer. */
  readonly timeout: number;
  /** Shown with each job. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** When BigQuery last told of the job that is at work (monotonic ms); undefined while it has told nothing. */
  toldAt: number | undefined;
}
