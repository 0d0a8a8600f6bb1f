import { BreakwaterError } from '../../../errors/index.ts';

/** SQL that BigQuery may well take, but whose values the embedded warehouse is not known to give rightly. */
export class UnsupportedSqlError extends BreakwaterError {
  override readonly name = 'UnsupportedSqlError';
  readonly kind = 'permanent';
  /** What is not on the list, such as `function FARM_FINGERPRINT`. */
  readonly construct: string;

  /** @param instead What to write instead, as the end of "Write …". Default: another way. */
  constructor(construct: string, instead = 'it another way', options?: ErrorOptions) {
    super(
      `The embedded warehouse does not know ${construct}: its values are not tested against BigQuery's. Write ${instead}, or run it on BigQuery`,
      options,
    );
    this.construct = construct;
  }
}
