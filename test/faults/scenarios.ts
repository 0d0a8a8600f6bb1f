import { InvalidDataError, ServiceError } from '../../src/errors/index.ts';
import { rejectedMessages } from '../../src/store/index.ts';
import { sleep } from '../../src/time/index.ts';
import { day, key, range } from '../runs/summary.ts';
import type { World } from './world.ts';

/** Something that happens to one key, and how it must end whatever befalls a call of the store meanwhile. */
export interface Scenario {
  readonly name: string;
  readonly giveUpAfter?: number | undefined;
  readonly play: (world: World) => Promise<void>;
  /** What is wrong with the end, a line each. */
  readonly faultsAtEnd: (world: World) => Promise<readonly string[]>;
}

const minute = 60_000;
const run = { processor: 'Summary', options: range } as const;
const updated = { command: 'table_updated', table: 'nba_raw.boxscore', dates: [day] } as const;
const transient = () => {
  throw new ServiceError('away', { service: 'x', kind: 'transient' });
};

/** The output is there, with what was last seen upstream, and nothing is left to do. */
const written =
  (points: number): Scenario['faultsAtEnd'] =>
  async (world) => {
    const work = await world.work();
    const rows = JSON.stringify(world.rows);
    return [
      ...(rows === JSON.stringify([{ game_date: day, points }]) ? [] : [`the output is ${rows}`]),
      ...(work?.lease === null && work.parked === null && work.gaveUp === null
        ? []
        : [`left to do: ${JSON.stringify(work)}`]),
      ...((await world.runs()).some(({ status }) => status === 'succeeded')
        ? []
        : ['nobody knows that it is done']),
    ];
  };

export const scenarios: readonly Scenario[] = [
  {
    name: 'a run whose data is there',
    play: (world) => world.deliver(run),
    faultsAtEnd: written(1),
  },
  {
    name: 'data that comes later, and its publisher says so',
    async play(world) {
      world.context.upstream.notReady(['6 of 8 games final']);
      await world.deliver(run);
      await sleep(world.clock, 90_000);
      world.newData(2);
      await world.deliver(updated);
    },
    faultsAtEnd: written(2),
  },
  {
    name: 'data that comes later, and nobody says so',
    async play(world) {
      world.context.upstream.notReady(['6 of 8 games final']);
      await world.deliver(run);
      await sleep(world.clock, 90_000);
      world.newData(2);
      await sleep(world.clock, 2 * minute);
    },
    faultsAtEnd: written(2),
  },
  {
    name: 'a failure that passes',
    async play(world) {
      world.mishaps.push(transient);
      await world.deliver(run);
      await sleep(world.clock, 3 * minute);
    },
    faultsAtEnd: written(1),
  },
  {
    name: 'failures that open the circuit',
    async play(world) {
      world.mishaps.push(transient, transient);
      await world.deliver(run);
      await sleep(world.clock, 3 * minute);
    },
    faultsAtEnd: written(1),
  },
  {
    name: 'a failure for good',
    async play(world) {
      const broken = () => {
        throw new InvalidDataError('a column is gone');
      };
      // Whoever starts it again after a crash finds it as broken.
      world.mishaps.push(broken, broken, broken, broken);
      await world.deliver(run);
    },
    async faultsAtEnd(world) {
      const work = await world.work();
      return [
        ...(work?.gaveUp === null || work === undefined ? ['it was not given up'] : []),
        ...(world.rows.length > 0 ? ['something was written'] : []),
      ];
    },
  },
  {
    name: 'a trigger during a run’s load',
    async play(world) {
      const first = world.deliver(run);
      await sleep(world.clock, 10_000);
      world.newData(2);
      await world.deliver(run);
      await first;
      await sleep(world.clock, 2 * minute);
    },
    faultsAtEnd: written(2),
  },
  {
    name: 'what is given up and revived',
    giveUpAfter: 3 * minute,
    async play(world) {
      world.context.upstream.notReady(['6 of 8 games final']);
      await world.deliver(run);
      await sleep(world.clock, 5 * minute);
      world.newData(2);
      await world.deliver(updated);
    },
    async faultsAtEnd(world) {
      const gaveUp = (await world.runs()).filter(({ reason }) => reason === 'gave_up');
      return [
        ...(await written(2)(world)),
        // A claim that nobody knows of may keep it from being given up until its data is there.
        ...(gaveUp.length === 1 || (gaveUp.length === 0 && !world.isFaultless)
          ? []
          : [`given up ${gaveUp.length} times`]),
      ];
    },
  },
  {
    name: 'a kill in mid-run',
    async play(world) {
      world.mishaps.push(() => world.kill());
      await world.deliver(run);
      await sleep(world.clock, 4 * minute);
    },
    faultsAtEnd: written(1),
  },
  {
    name: 'a shutdown in mid-run',
    async play(world) {
      world.mishaps.push(() => world.terminate());
      await world.deliver(run);
      await sleep(world.clock, 2 * minute);
    },
    faultsAtEnd: written(1),
  },
  {
    name: 'a processor that is paused and resumed',
    async play(world) {
      await world.operate((operations) => operations.pause('Summary', 'a bad release'));
      await world.deliver(run);
      if (world.rows.length > 0) world.violations.push('a paused processor has run');
      await world.operate((operations) => operations.resume('Summary'));
      await sleep(world.clock, 2 * minute);
    },
    faultsAtEnd: written(1),
  },
  {
    name: 'an operator who starts, extends and cancels what waits',
    async play(world) {
      world.context.upstream.notReady(['6 of 8 games final']);
      await world.deliver(run);
      await world.operate((operations) => operations.extend(key, '1h'));
      await world.operate((operations) => operations.start(key));
      await sleep(world.clock, 2 * minute);
      await world.operate((operations) => operations.cancel(key));
      await sleep(world.clock, minute);
    },
    async faultsAtEnd(world) {
      const work = await world.work();
      return work?.lease === null && work.parked === null ? [] : [`left to do: ${JSON.stringify(work)}`];
    },
  },
  {
    name: 'a message that can never be worked on',
    play: (world) => world.deliver({ command: 'no such thing' }),
    async faultsAtEnd(world) {
      const { entries } = await world.records((store) =>
        store.collection(rejectedMessages).list({ limit: 10 }),
      );
      return entries.length === 1 ? [] : [`${entries.length} messages are kept`];
    },
  },
];
