/** One declared dependency, as SQL that can be combined with others. Made by `rows`, `schedule`, `snapshot`, `outputOf`, `query`. */
export interface UpstreamCheck {
  readonly name: string;
  /** The tables it reads, as `dataset.table`: what `tableUpdated` is matched against. */
  readonly tables: readonly string[];
  /** The output it waits for, if it is another processor's: the job order is made from these. */
  readonly output?: string | undefined;
}
