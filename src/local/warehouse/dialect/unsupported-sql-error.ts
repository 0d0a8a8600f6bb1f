import { BreakwaterError } from '../../../errors/index.ts';

/** SQL that BigQuery may well take, but whose values the embedded warehouse is not known to give rightly. */
export class UnsupportedSqlError extends BreakwaterError {
  override readonly name = 'UnsupportedSqlError';
  readonly kind = 'permanent';
  /** What is not on the list, such as `function FARM_FINGERPRINT`. */
  readonly construct: string;

  constructor(construct: string) {
    super(
      `The embedded warehouse does not know ${construct}: its values are not tested against BigQuery's. Write it another way, or run it on BigQuery`,
    );
    this.construct = construct;
  }
}
