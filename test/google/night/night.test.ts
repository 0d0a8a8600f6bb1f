import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cast } from '../../../examples/game-day/night/cast.ts';
import { type Ground, localGround, type NightParts } from '../../../examples/game-day/night/ground.ts';
import type { NightReport } from '../../../examples/game-day/night/night-report.ts';
import { playNight } from '../../../examples/game-day/night/play-night.ts';
import { timeless } from '../../../examples/processors/testing/rows.ts';
import type { BigQueryClient } from '../../../src/clients/index.ts';
import { skipWithoutFirestore } from '../../emulators/firestore-emulator.ts';
import { googleGround } from './google-ground.ts';

const skip = skipWithoutFirestore();

// The night of `npm start`.
const seed = 7;

interface Played {
  readonly report: NightReport;
  /** Rows by output, as they were at the end. */
  readonly outputs: Readonly<Record<string, readonly Record<string, unknown>[]>>;
}

async function play<G extends Ground>(
  open: (parts: NightParts) => Promise<G>,
  atTheEnd: (ground: G) => void = () => {},
): Promise<Played> {
  let outputs: Played['outputs'] = {};
  const report = await playNight({
    seed,
    async ground(parts) {
      const ground = await open(parts);
      return {
        ...ground,
        async close() {
          outputs = await outputsIn(ground.context.bigquery);
          atTheEnd(ground);
          await ground.close();
        },
      };
    },
  });
  return { report, outputs };
}

async function outputsIn(bigquery: BigQueryClient): Promise<Played['outputs']> {
  const outputs: Record<string, Record<string, unknown>[]> = {};
  for (const { processor } of cast) {
    const order = [processor.partition, ...processor.key].join(', ');
    outputs[processor.output] = timeless(
      await bigquery.query(`SELECT * FROM ${processor.output} ORDER BY ${order}`),
    );
  }
  return outputs;
}

/** What each processor went through, in order. How long it took is left out: it is drawn by lot, call by call. */
function story({ runs }: NightReport): Readonly<Record<string, readonly object[]>> {
  return Object.fromEntries(
    cast.map(({ processor: { name } }) => [
      name,
      runs
        .filter(({ processor }) => processor === name)
        .map(({ trigger, status, reason, attempt, rows, missing, error }) => ({
          trigger,
          status,
          reason,
          attempt,
          rows,
          missing,
          kind: error?.kind,
        })),
    ]),
  );
}

describe.skipIf(skip !== undefined)(`the night of npm start${skip ? ` (${skip})` : ''}`, () => {
  let embedded: Played;
  let onGoogle: Played;
  let asked: { readonly jobs: number; readonly entries: number };
  beforeAll(async () => {
    onGoogle = await play(googleGround, ({ services: { bigquery, logging } }) => {
      asked = { jobs: bigquery.jobs.size, entries: logging.entries.length };
    });
    const dir = await mkdtemp(join(tmpdir(), 'breakwater-night-'));
    embedded = await play((parts) => localGround(dir, parts));
    await rm(dir, { recursive: true });
  }, 1_800_000);

  it('has the same outputs on Google’s services as on one machine, row for row and value for value', () => {
    for (const { processor } of cast) {
      const rows = embedded.outputs[processor.output]!;
      expect(rows.length, processor.output).toBeGreaterThanOrEqual(2 * embedded.report.games.nba);
      expect(onGoogle.outputs[processor.output], processor.output).toEqual(rows);
    }
    expect(onGoogle.report.highlights).toEqual(embedded.report.highlights);
  });

  it('goes the same way: the same runs parked, refused, timed out, tried again and done', () => {
    expect(story(onGoogle.report)).toEqual(story(embedded.report));
    const outcomes = new Set(onGoogle.report.runs.map(({ status, reason }) => `${status} ${reason}`));
    expect([...outcomes].sort()).toEqual([
      'failed load_failed',
      'skipped already_done',
      'skipped circuit_open',
      'skipped upstream_not_ready',
      'succeeded done',
      'timed_out deadline',
    ]);
  });

  it('leaves the same behind: each output done, nothing parked, the circuits closed again', () => {
    const left = ({ report }: Played) =>
      report.work.map(({ key, done, parked, lease, gaveUp }) => ({
        key,
        rows: done?.rows,
        parked,
        lease,
        gaveUp,
      }));
    const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
    expect(left(onGoogle).sort(byKey)).toEqual(left(embedded).sort(byKey));
    expect(onGoogle.report.circuits.toSorted(byKey)).toEqual(embedded.report.circuits.toSorted(byKey));
  });

  it('has beaten in Firestore, in Cloud Logging while that was away, and lost nothing', () => {
    const { delivered, lost, degraded } = onGoogle.report.heartbeats;
    expect({ lost, degraded }).toEqual({ lost: 0, degraded: false });
    expect(delivered.cloud_logging).toBeGreaterThanOrEqual(3);
    expect(delivered.firestore).toBeGreaterThan(delivered.cloud_logging!);
    // The servers have seen it.
    expect(asked.entries).toBeGreaterThanOrEqual(delivered.cloud_logging!);
    expect(asked.jobs).toBeGreaterThan(onGoogle.report.asked.looks + onGoogle.report.asked.reads);
  });
});
