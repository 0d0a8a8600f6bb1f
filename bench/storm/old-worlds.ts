import { CircuitOpenError } from '../../src/errors/index.ts';
import { circuitBreaker, consecutiveFailures } from '../../src/policy/index.ts';
import { seededRandom, VirtualClock } from '../../src/testing/index.ts';
import { sleep } from '../../src/time/index.ts';
import { assumed, calibrated, end, hour, inputs, start } from './assumptions.ts';
import { Tally, type WorldFigures } from './figures.ts';
import { PushSubscription } from './pub-sub.ts';

/** The two worlds without the library's processors; their breakers are its policy, fed as the old code fed them. */
export type OldWorld = 'asItWas' | 'template';

interface Ask {
  readonly date: string;
}

/** An instance's memory: its breaker is gone with it. */
class Instance {
  readonly breaker;
  constructor(clock: VirtualClock, openFor: number) {
    this.breaker = circuitBreaker({ name: 'processor', trip: consecutiveFailures(5), openFor, clock });
  }
}

export async function oldWorld(world: OldWorld, constants = calibrated, seed = 16): Promise<WorldFigures> {
  const clock = new VirtualClock({ wall: start });
  const random = seededRandom(seed);
  const tally = new Tally();
  const newInstance = () => new Instance(clock, world === 'template' ? 4 * hour : hour / 2);
  const instances = Array.from({ length: assumed.instances }, newInstance);
  const isThere = ({ date }: Ask) =>
    clock.wallNow() >= (date === inputs.yesterday ? inputs.yesterdayLanded : (inputs.games.at(-1) ?? 0));

  async function run(ask: Ask): Promise<'done' | 'failed' | 'cut off'> {
    tally.started(clock.wallNow());
    const [least, most] = inputs.runTakes;
    const takes = least + random() * (most - least);
    if (random() < constants.cutOff && !isThere(ask)) {
      await sleep(clock, takes * random());
      tally.stuck++;
      return 'cut off';
    }
    await sleep(clock, takes);
    if (!isThere(ask)) {
      tally.failures++;
      return 'failed';
    }
    tally.successes++;
    if (ask.date === inputs.today) tally.outputAt ??= clock.wallNow();
    return 'done';
  }

  async function handle(ask: Ask): Promise<number> {
    const { breaker } = instances[Math.floor(random() * instances.length)] as Instance;
    const handled = await breaker.executeOutcome(async () => {
      const outcome = await run(ask);
      // As it was, run() caught everything and returned: the breaker has never seen a failure.
      if (world === 'template' && outcome === 'failed') throw new Error('no data');
      return outcome;
    });
    if (handled.ok) {
      // Whoever is cut off answers nothing.
      if (handled.value === 'cut off') throw new Error('the connection was lost');
      return handled.value === 'done' ? 200 : 500;
    }
    if (!(handled.error instanceof CircuitOpenError)) return 500;
    // The template asked for each message that it rejected, with a query that could not be true.
    tally.upstreamQueries++;
    return 503;
  }

  const subscription = new PushSubscription({
    clock,
    random,
    endpoint: (message) => handle(message.data as Ask),
    onDead: ({ data, replayed }) => {
      if (!replayed) return;
      for (let copy = 0; copy < constants.replays; copy++)
        subscription.publish(data, { deliveries: constants.replayDeliveries, replayed: false });
    },
  });
  const at = (wall: number, action: () => void) => clock.setTimer(wall - start, action);
  const counts = [constants.firstTrigger, constants.secondTrigger];
  for (const [index, trigger] of inputs.triggers.entries()) {
    at(trigger, () => {
      for (let message = 0; message < (counts[index] ?? 0); message++)
        subscription.publish({ date: inputs.today }, { deliveries: constants.deliveries });
    });
  }
  for (const { wall, date } of ordinaryTriggers()) at(wall, () => void handle({ date }).catch(() => {}));
  for (let wall = start; wall < end; wall += assumed.instanceLives) {
    at(wall, () => instances.fill(newInstance(), 0, 1) && instances.push(instances.shift() as Instance));
  }
  await clock.advance(end - start);
  return tally.figures(subscription.deadLettered, inputs.games.at(-1) ?? 0);
}

/** The hourly business: in the hours before 09:00 the output of the day before is asked for, by calls that are not repeated. */
export function ordinaryTriggers(): readonly { readonly wall: number; readonly date: string }[] {
  return [inputs.yesterday, inputs.today].flatMap((date, day) =>
    Array.from({ length: (9 * hour) / inputs.ordinaryEvery }, (_, tick) => ({
      wall: start + day * 24 * hour + tick * inputs.ordinaryEvery,
      date,
    })),
  );
}
