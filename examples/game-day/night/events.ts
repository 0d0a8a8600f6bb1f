import type { Beat, RunResult } from 'breakwater';
import type { SweepReport } from 'breakwater/trigger';

/** What happens in the night, as it happens; `at` is the night's own time. */
export type NightEvent = { readonly at: number } & (
  | { readonly kind: 'evening' }
  | { readonly kind: 'triggered'; readonly when: string }
  | { readonly kind: 'landed'; readonly tables: readonly string[] }
  | { readonly kind: 'looked'; readonly waiting: SweepReport['waiting'] }
  | { readonly kind: 'beat'; readonly beat: Beat; readonly sink: string | undefined }
  | { readonly kind: 'ended'; readonly result: RunResult }
  | { readonly kind: 'said'; readonly level: 'info' | 'warn' | 'error'; readonly message: string }
);

/** What an event says beside its time. */
export type NightNews = NightEvent extends infer E ? (E extends NightEvent ? Omit<E, 'at'> : never) : never;
