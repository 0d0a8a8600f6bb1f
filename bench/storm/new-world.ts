import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  type Run,
} from '../../src/processor/index.ts';
import { LostLeaseError } from '../../src/errors/index.ts';
import { runRecords } from '../../src/store/index.ts';
import { FakeBigQuery, FakeSink, FakeStore, seededRandom, VirtualClock } from '../../src/testing/index.ts';
import { sleep } from '../../src/time/index.ts';
import { rows, type UpstreamCheck } from '../../src/upstream/index.ts';
import { assumed, calibrated, end, hour, inputs, minute, start } from './assumptions.ts';
import { Cluster } from './cluster.ts';
import { Tally, type WorldFigures } from './figures.ts';
import { ordinaryTriggers } from './old-worlds.ts';
import { PushSubscription } from './pub-sub.ts';

/**
 * Where in the run that has its data at last every instance is killed. The warehouse carries out a commit that was sent: soon after
 * the death of its sender (`commit`), or when a successor has long written (`late commit`).
 */
export type KillPoint =
  | 'extract'
  | 'commit'
  | 'late commit'
  | 'between commit and record'
  | 'between record and release';

/** One that took effect. */
export interface OutputWrite {
  readonly fence: number;
  readonly rows: number;
}

export interface NewWorldOptions {
  /** Whether the publisher of the rows tells, or only the schedule of sweeps finds out. Default: it tells. */
  readonly publisherTells?: boolean;
  /** Kills every instance at 17:00. Default: nobody is killed. */
  readonly killedAtFive?: boolean;
  readonly killedIn?: KillPoint;
  readonly seed?: number;
}

export interface NewWorldFigures extends WorldFigures {
  /** The writes of the day's output that took effect, in order. */
  readonly outputWrites: readonly OutputWrite[];
  /** Those that the warehouse refused, because a newer run had written. */
  readonly refusedWrites: number;
  /** What the upstream queries may come to: one a minute for each key that waits, and one more for each time that somebody told. */
  readonly upstreamQueryLimit: number;
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
  const sink = new FakeSink({ clock, name: 'heartbeats' });
  const tally = new Tally();
  const looks = new Map<string, number[]>();
  const outputWrites: OutputWrite[] = [];
  let refusedWrites = 0;
  let told = 0;
  let kill: (() => void) | undefined = killedIn === undefined ? undefined : () => cluster.killAll();

  /** Kills everybody, the first time that a run with the day's data comes so far. */
  function passing(point: KillPoint): boolean {
    if (point !== killedIn || clock.wallNow() < dataAt || kill === undefined) return false;
    kill();
    kill = undefined;
    return true;
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
  warehouse.replacePartition = async (table, partition, given, { fence } = {}) => {
    if (passing('commit')) await sleep(clock, assumed.queryTakes);
    if (passing('late commit')) await sleep(clock, hour);
    try {
      const written = await replacePartition(table, partition, given, { fence });
      if (partition.value !== inputs.today) return written;
      outputWrites.push({ fence: fence?.token ?? 0, rows: given.length });
      tally.outputAt ??= clock.wallNow();
      passing('between commit and record');
      return written;
    } catch (error) {
      if (error instanceof LostLeaseError) refusedWrites++;
      throw error;
    }
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
        if (put.ok && status === 'succeeded') passing('between record and release');
        return put;
      },
    };
  };
  const cluster = new Cluster({ clock, random, store, warehouse, sink }, [PlayerGameSummary]);
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
    const tell = (date: string) => {
      told++;
      publish({ command: 'table_updated', table: source, dates: [date] });
    };
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
      refusedWrites,
      recovered,
      outputRows: warehouse.rowsOf(output).filter(({ game_date }) => game_date === inputs.today).length,
      upstreamQueryLimit: [...looks.values()].reduce((sum, times) => sum + minutesOf(times), told),
      mostQueriesInAMinute: Math.max(0, ...[...looks.values()].map(mostInAMinute)),
    };
  }
}

function mostInAMinute(times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + minute).length));
}

/** How many looks a minute apart there may be from the first to the last. */
function minutesOf(times: readonly number[]): number {
  return Math.floor(((times.at(-1) ?? 0) - (times[0] ?? 0)) / minute) + 1;
}
