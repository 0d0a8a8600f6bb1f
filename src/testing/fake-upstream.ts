import { UpstreamUnknownError } from '../errors/index.ts';
import type { Clock } from '../time/index.ts';
import type {
  AskOptions,
  Dependency,
  UpstreamAnswer,
  UpstreamReader,
  UpstreamRequest,
} from '../upstream/index.ts';
import { keep } from './recording.ts';

type Answer =
  | { readonly status: 'ready' }
  | {
      readonly status: 'not_ready';
      readonly reason: 'missing' | 'no_games';
      readonly missing: readonly string[];
    }
  | { readonly status: 'unknown'; readonly error: unknown };

/**
 * Upstream that answers what the test says: everything is ready until it says otherwise, for one key
 * (`nba_analytics.team_offense_game_summary/2025-03-15`) or for all.
 */
export class FakeUpstream implements UpstreamReader {
  /** What was asked, the oldest first; of more than 10,000 the newest. */
  readonly asked: UpstreamRequest[] = [];
  /** What `tableUpdated` was told. */
  readonly updates: { readonly table: string; readonly dates: readonly string[] }[] = [];
  readonly #clock: Clock;
  #usual: Answer = { status: 'ready' };
  readonly #answers = new Map<string, Answer>();
  readonly #updated = new Map<string, string>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  ready(key?: string): void {
    this.#set(key, { status: 'ready' });
  }

  /** @param missing A line each for what is missing, such as `6 of 8 games final`. */
  notReady(missing: readonly string[], key?: string): void {
    this.#set(key, { status: 'not_ready', reason: 'missing', missing: [...missing] });
  }

  noGames(key?: string): void {
    this.#set(key, { status: 'not_ready', reason: 'no_games', missing: [] });
  }

  /** Nobody could look. */
  unknown(
    error: unknown = new UpstreamUnknownError('Upstream can not be asked (a test says so)'),
    key?: string,
  ): void {
    this.#set(key, { status: 'unknown', error });
  }

  async ask(
    requests: readonly UpstreamRequest[],
    call: AskOptions = {},
  ): Promise<ReadonlyMap<string, UpstreamAnswer>> {
    call.signal?.throwIfAborted();
    for (const request of requests) keep(this.asked, request);
    return new Map(requests.map((request) => [request.key, this.#answer(request)]));
  }

  /** The newest row of the table is now of this moment: to a run that is done, there is something new to do. */
  tableUpdated(table: string, dates: readonly string[]): void {
    keep(this.updates, { table, dates: [...dates] });
    this.#updated.set(table, new Date(this.#clock.wallNow()).toISOString());
  }

  #set(key: string | undefined, answer: Answer): void {
    if (key === undefined) {
      this.#answers.clear();
      this.#usual = answer;
    } else this.#answers.set(key, answer);
  }

  #answer(request: UpstreamRequest): UpstreamAnswer {
    const answer = this.#answers.get(request.key) ?? this.#usual;
    if (answer.status === 'unknown') return answer;
    const ready = answer.status === 'ready';
    const dependencies = request.checks.map(({ name, tables }): Dependency => {
      const updates = tables.flatMap((table) => this.#updated.get(table) ?? []);
      const newest = updates.sort().at(-1) ?? null;
      return { name, table: tables[0] ?? '', ready, found: ready ? 1 : 0, wanted: 1, unit: 'rows', newest };
    });
    return { ...answer, dependencies };
  }
}
