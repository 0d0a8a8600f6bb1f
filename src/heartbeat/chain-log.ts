import type { Logger } from '../clients/index.ts';
import type { CircuitState } from '../policy/index.ts';
import type { Clock } from '../time/index.ts';
import type { Beat } from './beat.ts';

const summaryEvery = 5 * 60_000;

/**
 * Counts lost beats, and says so without flooding: the first of an outage, then a summary at most every five minutes, the
 * last beat of a run, and the end of the outage.
 */
export class LossLog {
  total = 0;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #outage: { lost: number; loggedAt: number } | undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  lost(beat: Beat, errors: Readonly<Record<string, unknown>>): void {
    const now = this.#clock.now();
    const first = this.#outage === undefined;
    this.#outage ??= { lost: 0, loggedAt: now };
    this.#outage.lost += 1;
    this.total += 1;
    const last = beat.status !== 'running';
    if (!first && !last && now - this.#outage.loggedAt < summaryEvery) return;
    this.#outage.loggedAt = now;
    const { processor, key, runId, status } = beat;
    const lost = this.#outage.lost;
    this.#logger.error(
      `${last ? `the last heartbeat of run ${runId}` : 'a heartbeat'} reached no sink; ${lost} lost in this outage`,
      { processor, key, runId, status, lost, lostInAll: this.total, errors },
    );
  }

  delivered(sink: string): void {
    if (this.#outage === undefined) return;
    const { lost } = this.#outage;
    this.#outage = undefined;
    this.#logger.warn(`heartbeats reach a sink again, ${sink}; ${lost} were lost`, {
      sink,
      lost,
      lostInAll: this.total,
    });
  }
}

/** Says once when a sink stops taking beats, and why, and once when it takes them again. */
export class SinkLog {
  readonly #sink: string;
  readonly #logger: Logger;
  #away = false;

  constructor(sink: string, logger: Logger) {
    this.#sink = sink;
    this.#logger = logger;
  }

  failed(error: unknown): void {
    if (this.#away) return;
    this.#away = true;
    this.#logger.warn(`heartbeat sink ${this.#sink} takes no beats: they go to the next one`, {
      sink: this.#sink,
      error,
    });
  }

  /** A call that was still on its way when another one failed does not mean that the outage is over: the circuit tells. */
  took(circuit: CircuitState): void {
    if (!this.#away || circuit !== 'closed') return;
    this.#away = false;
    this.#logger.info(`heartbeat sink ${this.#sink} takes beats again`, { sink: this.#sink });
  }
}
