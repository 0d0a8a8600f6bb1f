import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from 'breakwater';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NightEvent } from './events.ts';
import { localGround } from './ground.ts';
import type { NightReport } from './night-report.ts';
import { playNight } from './play-night.ts';
import { nightSlate } from './slate-of-the-night.ts';
import { summaryText } from './summary.ts';

// Late, so that three nights fit into a test.
const begins = 22;

async function play(seed: number) {
  const dir = await mkdtemp(join(tmpdir(), 'breakwater-night-'));
  const events: NightEvent[] = [];
  try {
    const report = await playNight({
      seed,
      ground: (parts) => localGround(dir, parts),
      begins,
      watch: (event) => events.push(event),
    });
    return { report, events };
  } finally {
    await rm(dir, { recursive: true });
  }
}

describe('a night of games', () => {
  let night: Awaited<ReturnType<typeof play>>;
  let same: NightReport;
  let other: NightReport;
  beforeAll(async () => {
    night = await play(7);
    same = (await play(7)).report;
    other = (await play(8)).report;
  }, 300_000);

  const of = (report: NightReport, processor: string) =>
    report.runs.filter((run) => run.processor === `${processor}Processor`);
  const outcomes = (runs: readonly RunRecord[]) =>
    runs.map(({ status, reason }) => (status === 'succeeded' ? status : `${status} ${reason}`));

  it('is the same for the same seed, down to the last run, beat and row', () => {
    expect(same).toEqual(night.report);
  });

  it('has other games for another seed', () => {
    expect(other.highlights).not.toEqual(night.report.highlights);
  });

  it('parks every run that was asked for too early, and says what is missing', () => {
    const first = night.report.runs.slice(0, 4);
    expect(first.map(({ trigger }) => trigger)).toEqual(Array(4).fill('schedule'));
    expect(new Set(outcomes(first))).toEqual(new Set(['skipped upstream_not_ready']));
    const { games } = night.report;
    for (const run of first.filter(({ sport }) => sport === 'nba'))
      expect(run.missing[0]).toMatch(
        new RegExp(`^nba_raw\\.nbac_schedule: \\d of ${games.nba} games final \\(missing 00`),
      );
  });

  it('starts what is ready by itself, and the players only after the teams', () => {
    const ended = night.events.flatMap((event) => (event.kind === 'ended' ? [event] : []));
    const firstDone = (output: string) =>
      ended.findIndex(({ result }) => result.key.startsWith(output) && result.status === 'succeeded');
    expect(firstDone('nba_analytics.team_offense_game_summary')).toBeGreaterThan(-1);
    expect(firstDone('nba_analytics.player_game_summary')).toBeGreaterThan(
      firstDone('nba_analytics.team_offense_game_summary'),
    );
    const teams = of(night.report, 'TeamOffenseGameSummary').find(({ status }) => status === 'succeeded');
    expect(teams).toMatchObject({ trigger: 'sweep', attempt: 1, rows: 2 * night.report.games.nba });
  });

  describe.each(['seed 7', 'seed 8'])('with %s', (seed) => {
    let report: NightReport;
    beforeAll(() => {
      report = seed === 'seed 7' ? night.report : other;
    });

    it('ends the run whose call hangs as timed out, and tries it again', () => {
      const runs = of(report, 'PlayerGameSummary').filter(({ trigger }) => trigger === 'sweep');
      expect(outcomes(runs)).toEqual(['timed_out deadline', 'succeeded']);
      expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2]);
      expect(runs[0]).toMatchObject({ durationMs: 600_000, rows: 0 });
      expect(runs[0]!.steps.map(({ name }) => name)).toEqual(['upstream', 'extract']);
    });

    it('opens the circuit of what is refused five times, and closes it by one probe', () => {
      const runs = of(report, 'MlbBatterGameSummary').filter(({ trigger }) => trigger === 'sweep');
      const refused = runs.filter(({ status }) => status === 'failed');
      expect(outcomes(refused)).toEqual(Array(5).fill('failed load_failed'));
      expect(refused.map(({ error }) => error?.kind)).toEqual(Array(5).fill('throttled'));
      expect(runs.at(-1)).toMatchObject({ status: 'succeeded', attempt: 6 });
      const circuit = report.circuits.find(({ key }) => key.includes('batter_game_summary'));
      // Opened, half-open, closed.
      expect(circuit).toMatchObject({ state: 'closed', failures: 0, epoch: 3 });
    });

    it('sends heartbeats to the second sink while the first is away, then to the first again, and loses none', () => {
      const { delivered, lost, degraded } = report.heartbeats;
      expect(delivered.memory).toBeGreaterThanOrEqual(3);
      expect(delivered.file).toBeGreaterThan(delivered.memory!);
      expect({ lost, degraded }).toEqual({ lost: 0, degraded: false });
    });

    it('loses nothing: every output is done, nothing waits, and each game is in it', () => {
      expect(report.work).toHaveLength(4);
      for (const work of report.work) expect(work).toMatchObject({ lease: null, parked: null, gaveUp: null });
      const rows = (output: string) =>
        report.work.find(({ key }) => key.startsWith(output))?.done?.rows ?? Number.NaN;
      const { nba, mlb, date } = nightSlate(report.seed, begins);
      expect(rows('nba_analytics.team_offense')).toBe(2 * report.games.nba);
      expect(rows('nba_analytics.team_defense')).toBe(2 * report.games.nba);
      expect(rows('nba_analytics.player')).toBe(nba.rows('nba_raw.nbac_gamebook_player_stats', date).length);
      const batters = mlb.rows('mlb_raw.mlbapi_batter_stats', date).filter((row) => Number(row.at_bats) > 0);
      expect(rows('mlb_analytics.batter')).toBe(batters.length);
    });

    it('does nothing twice in the morning, but what has better data', () => {
      const morning = report.runs.filter(({ startedAt }) => Date.parse(startedAt) > report.to - 3_600_000);
      const byName = Object.fromEntries(morning.map((run) => [run.processor, outcomes([run])[0]]));
      expect(byName).toMatchObject({
        TeamOffenseGameSummaryProcessor: 'skipped already_done',
        TeamDefenseGameSummaryProcessor: 'skipped already_done',
        PlayerGameSummaryProcessor: 'succeeded',
      });
    });
  });

  it('says on the way what went away and came back', () => {
    const said = night.events.flatMap((event) => (event.kind === 'said' ? [event.message] : []));
    const circuit = `circuit processor/mlb_analytics.batter_game_summary/${night.report.date} went from`;
    expect(said.filter((message) => message.startsWith('heartbeat sink'))).toEqual([
      'heartbeat sink file takes no beats: they go to the next one',
      'heartbeat sink file takes beats again',
    ]);
    expect(said.filter((message) => message.startsWith('circuit'))).toEqual([
      `${circuit} closed to open`,
      `${circuit} open to half-open`,
      `${circuit} half-open to closed`,
    ]);
    expect(said).toHaveLength(5);
  });

  it('asks one question for all that wait: fewer questions than looks times runs', () => {
    const sweeps = night.events.filter(({ kind }) => kind === 'looked').length;
    // Beside the sweeps' questions only each run's own.
    expect(night.report.asked.looks).toBeLessThanOrEqual(sweeps + night.report.runs.length);
  });

  it('ends in a summary that has every run', () => {
    const text = summaryText(night.report);
    expect(text.match(/ schedule | sweep /g)).toHaveLength(night.report.runs.length);
    expect(text).toContain(night.report.highlights.scorers[0]!.player_name);
  });
});
