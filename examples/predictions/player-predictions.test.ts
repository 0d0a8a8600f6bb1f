import { createTestContext } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import type { Features, PastGame, Prediction, PredictionDay } from './features.ts';
import { PlayerPredictions, type System, systems } from './player-predictions.ts';

const date = '2026-01-16';
const player = (player_lookup: string, points_avg_last_10: number): Features => ({
  game_date: date,
  player_lookup,
  team_abbr: 'ORL',
  opponent_team_abbr: 'MEM',
  home_game: true,
  points_avg_last_5: points_avg_last_10 + 3,
  points_avg_last_10,
  minutes_avg_last_10: 30,
  usage_avg_last_7: 20,
  days_rest: 1,
  game_spread: -3,
  game_total: 225,
  opponent_zone_index: 1.1,
  points_line: 20.5,
});
const players = [player('paolo', 24), player('franz', 20)];
const past: PastGame[] = Array.from({ length: 40 }, (_, index) => ({
  ...player('x', 10 + (index % 20)),
  points: 12,
}));

/** Predictions of which some systems are broken, until they are mended. */
class Broken extends PlayerPredictions {
  broken = new Set<System>();
  readonly asked: System[] = [];

  protected override predict(member: Parameters<PlayerPredictions['predict']>[0], day: PredictionDay) {
    this.#ask(member);
    return super.predict(member, day);
  }

  protected override blend(
    predictions: ReadonlyMap<string, Prediction>,
    record: ReadonlyMap<string, number>,
  ) {
    this.#ask('ensemble_v1');
    return super.blend(predictions, record);
  }

  #ask(system: System) {
    this.asked.push(system);
    if (this.broken.has(system)) throw new Error(`${system} has no weights`);
  }
}

describe('player predictions', () => {
  function made(...broken: System[]) {
    const context = createTestContext();
    context.bigquery.on(/player_features\s+WHERE game_date = @date/, players);
    context.bigquery.on('AS features', past);
    context.bigquery.on('AS predicted', [{ system_id: 'moving_average', error: 5 }]);
    const processor = new Broken(context);
    processor.broken = new Set(broken);
    const run = async () => (await processor.run({ analysisDate: date }, { force: true }))[0];
    const rows = () =>
      context.bigquery.rowsOf('nba_predictions.player_points_predictions') as Readonly<
        Record<string, unknown>
      >[];
    const written = () => [...new Set(rows().map((row) => row.system_id))];
    return { context, processor, run, rows, written };
  }

  it('are of five systems, for every player', async () => {
    const { run, rows, written } = made();
    expect(await run()).toMatchObject({ status: 'succeeded', stats: { rowsWritten: 10 } });
    expect(written().sort()).toEqual([...systems].sort());
    expect(rows().every((row) => row.is_degraded === false && row.quality_tier === 'gold')).toBe(true);
    const of = (system: System) =>
      rows().find((row) => row.player_lookup === 'paolo' && row.system_id === system)?.predicted_points;
    // (2·24 + 27) / 3, and 24 and half of a tenth more.
    expect(of('moving_average')).toBeCloseTo(25, 9);
    expect(of('zone_matchup_v1')).toBeCloseTo(25.2, 9);
  });

  it('go on with three when two fail, and every row says which are missing', async () => {
    const { run, rows, written } = made('zone_matchup_v1', 'xgboost_v1');
    expect(await run()).toMatchObject({ status: 'succeeded' });
    expect(written()).toEqual(['moving_average', 'similarity_balanced_v1', 'ensemble_v1']);
    for (const row of rows())
      expect(row).toMatchObject({
        is_degraded: true,
        missing_systems: 'zone_matchup_v1,xgboost_v1',
        quality_score: 60,
        quality_tier: 'bronze',
      });
    expect(rows().at(-1)).toMatchObject({
      system_id: 'ensemble_v1',
      members: 'moving_average,similarity_balanced_v1',
    });
  });

  it('go on without the ensemble itself', async () => {
    const { run, written } = made('ensemble_v1', 'moving_average');
    expect(await run()).toMatchObject({ status: 'succeeded' });
    expect(written()).toEqual(['zone_matchup_v1', 'similarity_balanced_v1', 'xgboost_v1']);
  });

  it('fail clearly when four fail, and write nothing', async () => {
    const { run, rows } = made('moving_average', 'zone_matchup_v1', 'similarity_balanced_v1', 'ensemble_v1');
    const result = await run();
    expect(result).toMatchObject({ status: 'failed', reason: 'transform_failed' });
    expect(String('error' in result && result.error)).toContain(
      '1 of at least 2 members answered; failed: moving_average, zone_matchup_v1, similarity_balanced_v1',
    );
    expect(rows()).toEqual([]);
  });

  it('leave a failing system alone after five failures, and have it back by themselves', async () => {
    const { context, processor, run, written } = made('zone_matchup_v1', 'xgboost_v1');
    for (let failure = 0; failure < 5; failure++) await run();
    processor.asked.length = 0;
    await run();
    expect(processor.asked).toEqual(['moving_average', 'similarity_balanced_v1', 'ensemble_v1']);

    processor.broken = new Set();
    await context.clock.advance('30m');
    // Two successes of each close its circuit.
    for (let success = 0; success < 2; success++) {
      await run();
      expect(written()).toHaveLength(5);
      await context.clock.advance('5s');
    }
    processor.asked.length = 0;
    await run();
    expect(processor.asked).toHaveLength(5);
  });
});
