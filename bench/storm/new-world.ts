import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  type Run,
} from '../../src/processor/index.ts';
import { runRecords } from '../../src/store/index.ts';
import { FakeBigQuery, FakeStore, seededRandom, VirtualClock } from '../../src/testing/index.ts';
import { sleep } from '../../src/time/index.ts';
import { rows, type UpstreamCheck } from '../../src/upstream/index.ts';
import { assumed, calibrated, end, inputs, minute, start } from './assumptions.ts';
import { Cluster } from './cluster.ts';
import { Tally, type WorldFigures } from './figures.ts';
import { ordinaryTriggers } from './old-worlds.ts';
import { PushSubscription } from './pub-sub.ts';

/** Where in the run that has its data at last every instance is killed. */
export type KillPoint = 'extract' | 'commit' | 'record';

export interface NewWorldOptions {
  /** Whether the publisher of the rows tells, or only the schedule of sweeps finds out. Default: it tells. */
  readonly publisherTells?: boolean;
  /** Kills every instance at 17:00. Default: nobody is killed. */
  readonly killedAtFive?: boolean;
  readonly killedIn?: KillPoint;
  readonly seed?: number;
}

export interface NewWorldFigures extends WorldFigures {
  /** How often the day's output was written. */
  readonly outputWrites: number;
  /** Of all keys: the most questions in any one minute. */
  readonly mostQueriesInAMinute: number;
  /** Runs that were killed with their process and recovered. */
  readonly recovered: number;
  readonly outputRows: number;
}

const source = 'nba_raw.nbac_gamebook_player_stats';
const output = 'nba_analytics.player_game_summary';

interface Row {
  readonly game_date: string;
  readonly player_lookup: string;
}

class PlayerGameSummary extends AnalyticsProcessorBase<Row[], Row> {
  static readonly processor = defineProcessor({
    name: 'PlayerGameSummaryProcessor',
    sport: 'nba',
    output,
    key: ['game_date', 'player_lookup'],
  });

  upstream(range: DateRange): readonly UpstreamCheck[] {
    return [rows(source).forDates(range).atLeast(inputs.games.length)];
  }

  protected extract(run: Run<DateRange>): Promise<Row[]> {
    return run.bigquery.query<Row>(`SELECT game_date, player_lookup FROM ${source} WHERE game_date = @date`, {
      params: { date: run.date },
    });
  }

  protected transform(raw: Row[]): Row[] {
    return raw;
  }
}

/** The same day with the library's own code: its push handler on every instance, one store, one sweep a minute. */
export async function newWorld(options: NewWorldOptions = {}): Promise<NewWorldFigures> {
  const { publisherTells = true, killedAtFive = false, killedIn, seed = 16 } = options;
  const clock = new VirtualClock({ wall: start });
  const random = seededRandom(seed);
  const store = new FakeStore({ clock });
  const tally = new Tally();
  const looks = new Map<string, number[]>();
  let outputWrites = 0;
  let kill: (() => void) | undefined = killedIn === undefined ? undefined : () => cluster.killAll();

  /** Kills everybody, the first time that a run with the day's data comes so far. */
  function passing(point: KillPoint): void {
    if (point !== killedIn || clock.wallNow() < dataAt) return;
    kill?.();
    kill = undefined;
  }

  const landed = (date: string) =>
    date === inputs.yesterday
      ? clock.wallNow() >= inputs.yesterdayLanded
        ? inputs.games.length
        : 0
      : inputs.games.filter((at) => at <= clock.wallNow()).length;
  const warehouse = new FakeBigQuery({ clock })
    .on(`FROM ${source} WHERE game_date = @date`, async ({ date }) => {
      const [least, most] = inputs.runTakes;
      const takes = least + random() * (most - least);
      await sleep(clock, takes / 2);
      passing('extract');
      await sleep(clock, takes / 2);
      return Array.from({ length: landed(String(date)) }, (_, player) => ({
        game_date: String(date),
        player_lookup: `player${player}`,
      }));
    })
    .on(/AS item/, async (params, sql) => {
      tally.upstreamQueries++;
      const checks = [
        ...sql.matchAll(/SELECT (\d+) AS item.*? @(\w+) AS wanted[\s\S]*?BETWEEN CAST\(@(\w+) AS DATE\)/g),
      ].map(([, item, wanted, date]) => ({
        item: Number(item),
        wanted: Number(params[wanted ?? '']),
        date: String(params[date ?? '']),
      }));
      for (const { date } of checks) looks.set(date, [...(looks.get(date) ?? []), clock.now()]);
      await sleep(clock, assumed.queryTakes);
      return checks.map(({ item, wanted, date }) => {
        const found = landed(date);
        const newest = found === 0 ? null : new Date(newestOf(date)).toISOString();
        return { item, found, wanted, newest, missing: null, covered: null, detail: null };
      });
    });
  const newestOf = (date: string) =>
    date === inputs.yesterday
      ? inputs.yesterdayLanded
      : Math.max(...inputs.games.filter((at) => at <= clock.wallNow()));
  const replacePartition = warehouse.replacePartition.bind(warehouse);
  warehouse.replacePartition = async (table, partition, given, how) => {
    const written = await replacePartition(table, partition, given, how);
    if (partition.value === inputs.today) {
      outputWrites++;
      tally.outputAt ??= clock.wallNow();
      passing('commit');
    }
    return written;
  };
  const collection = store.collection.bind(store);
  store.collection = (definition) => {
    const records = collection(definition);
    if (definition.name !== 'runs') return records;
    return {
      ...records,
      async put(key, value, how) {
        const put = await records.put(key, value, how);
        const { status } = value as { readonly status: string };
        if (put.ok && how.ifVersion === undefined) tally.started(clock.wallNow());
        if (put.ok && status === 'succeeded') passing('record');
        return put;
      },
    };
  };
  const cluster = new Cluster({ clock, random, store, warehouse }, [PlayerGameSummary]);
  const dataAt = inputs.games.at(-1) ?? 0;

  const subscription = new PushSubscription({
    clock,
    random,
    endpoint: ({ id, data, publishedAt }, deliveryAttempt) =>
      cluster.any().push({
        subscription: 'projects/p/subscriptions/processors',
        deliveryAttempt,
        message: {
          messageId: id,
          publishTime: new Date(publishedAt).toISOString(),
          data: Buffer.from(JSON.stringify(data)).toString('base64'),
        },
      }),
  });
  const publish = (data: object) => subscription.publish(data, { deliveries: calibrated.deliveries });
  const ask = (date: string) =>
    publish({ processor: 'PlayerGameSummaryProcessor', options: { startDate: date, endDate: date } });
  const at = (wall: number, action: () => void) => clock.setTimer(wall - start, action);

  for (const [index, trigger] of inputs.triggers.entries()) {
    const messages = [calibrated.firstTrigger, calibrated.secondTrigger][index] ?? 0;
    at(trigger, () => {
      for (let message = 0; message < messages; message++) ask(inputs.today);
    });
  }
  for (const { wall, date } of ordinaryTriggers()) at(wall, () => ask(date));
  for (let wall = start; wall < end; wall += minute) at(wall, () => publish({ command: 'sweep' }));
  for (let wall = start; wall < end; wall += assumed.instanceLives) at(wall, () => cluster.replaceOldest());
  if (killedAtFive) at(Date.parse('2026-01-16T17:00:00.250Z'), () => cluster.killAll());
  if (publisherTells) {
    const tell = (date: string) => publish({ command: 'table_updated', table: source, dates: [date] });
    at(inputs.yesterdayLanded, () => tell(inputs.yesterday));
    for (const game of inputs.games) at(game, () => tell(inputs.today));
  }
  await clock.advance(end - start);
  return figuresOf(store);

  async function figuresOf(store: FakeStore): Promise<NewWorldFigures> {
    let recovered = 0;
    for (let after: string | undefined, more = true; more; ) {
      const page = await store.collection(runRecords).list({ limit: 1_000, after });
      for (const entry of page.entries) {
        if (!entry.readable) continue;
        const { status, reason } = entry.value;
        if (status === 'running') tally.stuck++;
        else if (status === 'succeeded') tally.successes++;
        else if (reason === 'stale_heartbeat') recovered++;
        else if (status === 'failed' || status === 'timed_out') tally.failures++;
      }
      after = page.next;
      more = after !== undefined;
    }
    return {
      ...tally.figures(subscription.deadLettered, dataAt),
      outputWrites,
      recovered,
      outputRows: warehouse.rowsOf(output).filter(({ game_date }) => game_date === inputs.today).length,
      mostQueriesInAMinute: Math.max(0, ...[...looks.values()].map(mostInAMinute)),
    };
  }
}

function mostInAMinute(times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + minute).length));
}
