import type { VirtualClock } from '../../src/testing/index.ts';
import { inputs } from './assumptions.ts';

export interface Message {
  readonly id: string;
  readonly data: unknown;
  readonly publishedAt: number;
  readonly deliveries: number;
  /** Whether a dead letter of it goes to the retry queue. */
  readonly replayed: boolean;
}

/** Gives the HTTP status, or throws if the connection was lost. */
export type Endpoint = (message: Message, attempt: number) => Promise<number>;

/** A push subscription with a retry policy, an ack deadline and a dead-letter topic. */
export class PushSubscription {
  deadLettered = 0;
  readonly #clock: VirtualClock;
  readonly #random: () => number;
  readonly #endpoint: Endpoint;
  readonly #onDead: (message: Message) => void;
  #published = 0;

  constructor(options: {
    readonly clock: VirtualClock;
    readonly random: () => number;
    readonly endpoint: Endpoint;
    readonly onDead?: (message: Message) => void;
  }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#endpoint = options.endpoint;
    this.#onDead = options.onDead ?? (() => {});
  }

  publish(data: unknown, { deliveries, replayed = true }: { deliveries: number; replayed?: boolean }): void {
    const id = `message-${this.#published++}`;
    const message = { id, data, publishedAt: this.#clock.wallNow(), deliveries, replayed };
    this.#deliver(message, 1);
  }

  async #deliver(message: Message, attempt: number): Promise<void> {
    const isTaken = await this.#push(message, attempt);
    if (isTaken) return;
    if (attempt >= message.deliveries) {
      this.deadLettered++;
      this.#onDead(message);
      return;
    }
    const [least, most] = inputs.backoff;
    const pause = Math.min(most, least * 2 ** (attempt - 1)) * (0.9 + 0.2 * this.#random());
    this.#clock.setTimer(pause, () => void this.#deliver(message, attempt + 1));
  }

  /** An answer after the ack deadline is none. */
  #push(message: Message, attempt: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(inputs.ackDeadline, () => resolve(false));
      const settle = (taken: boolean) => {
        timer.cancel();
        resolve(taken);
      };
      this.#endpoint(message, attempt).then(
        (status) => settle(status >= 200 && status < 300),
        () => settle(false),
      );
    });
  }
}
