import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localState } from '../../../src/local/index.ts';
import {
  circuitRecords,
  type StoredCircuit,
  type WorkRecord,
  workRecords,
} from '../../../src/store/index.ts';
import { seededRandom } from '../../../src/testing/index.ts';
import { startChild, type Told } from '../child.ts';
import { settings } from './circuits.ts';
import { explain } from './explain.ts';
import { HistoryWriter, monotonic, readHistories } from './history.ts';
import { outputs } from './outputs.ts';

const script = new URL('./contestant.ts', import.meta.url);
const skews = [-90_000, 90_000, 0, 45_000, -45_000, 90_000, -90_000, 10_000];
const big = Boolean(process.env.CI);
const wanted = { operations: big ? 10_000 : 1_000, kills: big ? 20 : 5, milliseconds: big ? 20_000 : 4_000 };

let dir: string;
let running: Told<number>[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'breakwater-contest-'));
  running = [];
});
afterEach(async () => {
  for (const told of running) await told.kill();
  rmSync(dir, { recursive: true });
});

describe('eight processes on one state file, killed at random, with clocks that differ by minutes', () => {
  it('make one history, which the sequential model explains', async () => {
    const file = join(dir, 'state.sqlite');
    const histories = join(dir, 'histories');
    mkdirSync(histories);
    const random = seededRandom(16);
    let started = 0;
    const start = (place: number) => {
      const number = started++;
      const told = startChild<number>(script, file, histories, `p${number}`, `${number}`, `${skews[place]}`);
      running.push(told);
      return told;
    };
    const contestants = skews.map((_, place) => start(place));
    const operations = () => running.reduce((sum, { messages }) => sum + messages.length * 20, 0);
    await Promise.all(contestants.map((contestant) => contestant.told(1)));
    const end = monotonic() + wanted.milliseconds;
    let kills = 0;
    while (monotonic() < end && (operations() < wanted.operations || kills < wanted.kills)) {
      await wait(big ? 200 + random() * 600 : 300 + random() * 600);
      const place = Math.floor(random() * contestants.length);
      await contestants[place]?.kill();
      contestants[place] = start(place);
      kills++;
    }
    await Promise.all(contestants.map(ended));
    // Killed, ended, or without its store: none broke down.
    expect(running.map(({ child }) => child.exitCode).filter((code) => ![null, 0, 3].includes(code))).toEqual(
      [],
    );
    await look(file, histories);

    const all = readHistories(histories);
    const { problems, chains } = explain(all);
    expect(problems.slice(0, 20)).toEqual([]);
    // It was a contest: much was written, circuits opened and were probed, keys changed hands, and the dead were recovered.
    const deeds = all.flatMap((history) => history.operations);
    const valuesOf = <T>(collection: string) =>
      [...chains].flatMap(([place, chain]) =>
        place.startsWith(collection) ? chain.map(({ value }) => value as T) : [],
      );
    const circuits = valuesOf<StoredCircuit>('circuits/');
    const work = valuesOf<WorkRecord>('work/');
    expect(deeds.length).toBeGreaterThan(300);
    expect(deeds.filter(({ endedAt }) => endedAt === Infinity).length).toBeGreaterThan(0);
    expect(new Set(circuits.map(({ state }) => state))).toEqual(new Set(['closed', 'open', 'half-open']));
    expect(circuits.some(({ probes }) => probes.length === settings.probes)).toBe(true);
    expect(work.some(({ lease }) => lease?.again)).toBe(true);
    expect(work.some(({ parked }) => parked?.reason === 'again')).toBe(true);
    expect(work.some(isTakenFromTheDead)).toBe(true);
  }, 120_000);
});

/** Whether a key was recovered, or claimed from a run that had not given it back. */
function isTakenFromTheDead({ key, lease, parked }: WorkRecord, index: number, work: WorkRecord[]): boolean {
  const before = work[index - 1];
  if (before?.lease == null || before.key !== key) return false;
  return lease === null ? parked?.reason === 'stale_heartbeat' : lease.runId !== before.lease.runId;
}

/** Lets a contestant end what it has begun. */
async function ended(told: Told<number>): Promise<void> {
  if (told.child.connected) told.child.send('stop');
  await told.ended;
}

/** The last word on every record. */
async function look(file: string, histories: string): Promise<void> {
  using state = localState({ file });
  const history = new HistoryWriter(histories, 'judge');
  const store = history.over(state);
  for (const definition of [circuitRecords, workRecords, outputs]) {
    const records = store.collection<unknown>(definition as never);
    for (const { key } of (await records.list({ limit: 100 })).entries)
      await history.operation({ kind: 'look', place: `${definition.name}/${key}` }, () => records.get(key));
  }
}
