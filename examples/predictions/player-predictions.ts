import {
  type AnalysisDate,
  type Context,
  defineProcessor,
  ensemble,
  PrecomputeProcessorBase,
  quality,
  type Run,
  type SystemCircuit,
  systemCircuit,
} from 'breakwater';
import { outputOf } from 'breakwater/upstream';
import { z } from 'zod';
import { addDays } from '../dates.ts';
import { outputRow } from '../processors/output-row.ts';
import { features, type Prediction, type PredictionDay } from './features.ts';
import { PlayerFeatures } from './player-features.ts';
import { boostedStumps } from './systems/boosted-stumps.ts';
import { movingAverage } from './systems/moving-average.ts';
import { similarity } from './systems/similarity.ts';
import { type TrackRecord, weightedEnsemble } from './systems/weighted-ensemble.ts';
import { zoneMatchup } from './systems/zone-matchup.ts';

/** The systems of which the ensemble is made, by name. */
export const members = {
  moving_average: movingAverage,
  zone_matchup_v1: zoneMatchup,
  similarity_balanced_v1: similarity,
  xgboost_v1: boostedStumps,
} as const satisfies Record<string, (day: PredictionDay) => Prediction>;

type Member = keyof typeof members;
const ensembleName = 'ensemble_v1';
export const systems = [...(Object.keys(members) as Member[]), ensembleName] as const;
export type System = (typeof systems)[number];

/** With fewer members than this nothing is predicted: the mean of one is no ensemble. */
const fewestMembers = 2;

export interface PredictionInput extends PredictionDay {
  readonly record: TrackRecord;
}

/**
 * The points that five systems predict for each player of a date. Each system has a circuit that all processes share; one that is
 * open or fails is left out, the others go on, and every row says who was there. Below two members the run fails.
 */
export class PlayerPredictions extends PrecomputeProcessorBase<PredictionInput, PredictionRow> {
  static readonly processor = defineProcessor({
    name: 'PlayerPredictionsProcessor',
    sport: 'nba',
    timeout: '10m',
    output: 'nba_predictions.player_points_predictions',
    partition: 'game_date',
    key: ['game_date', 'player_lookup', 'system_id'],
  });

  readonly #circuits: Readonly<Record<System, SystemCircuit>>;

  constructor(context: Context) {
    super(context);
    this.#circuits = Object.fromEntries(
      systems.map((name) => [name, systemCircuit(context, { name })]),
    ) as Record<System, SystemCircuit>;
  }

  upstream({ analysisDate }: AnalysisDate) {
    return [
      outputOf(PlayerFeatures).forDates({ startDate: analysisDate, endDate: analysisDate }).atLeast(20),
    ];
  }

  protected async extract(run: Run<AnalysisDate>): Promise<PredictionInput> {
    const days = {
      params: { date: run.date, first: addDays(run.date, -45), last: addDays(run.date, -1) },
      types: { date: 'DATE', first: 'DATE', last: 'DATE' },
    } as const;
    const [players, past, record] = await Promise.all([
      run.bigquery.query(featuresOfTheDate, { ...days, schema: features }),
      run.bigquery.query(pastGames, { ...days, schema: features.extend({ points: z.int() }) }),
      run.bigquery.query(trackRecords, { ...days, schema: trackRecord }),
    ]);
    return { players, past, record: new Map(record.map((row) => [row.system_id, row.error])) };
  }

  /** The member's prediction. */
  protected predict(member: Member, day: PredictionDay): Prediction | Promise<Prediction> {
    return members[member](day);
  }

  protected async transform(input: PredictionInput, run: Run<AnalysisDate>) {
    const guarded = Object.fromEntries(
      (Object.keys(members) as Member[]).map((member) => [
        member,
        () => this.#circuits[member].execute(() => this.predict(member, input)),
      ]),
    );
    const { answers, failures } = await ensemble(guarded, { minimum: fewestMembers })();
    const predictions = new Map(answers.map(({ member, value }) => [member, value]));
    const used = [...predictions.keys()];
    for (const { member, error } of failures)
      run.logger.warn(`${member} is left out of the predictions`, { member, error });
    try {
      const blend = () => this.blend(predictions, input.record);
      predictions.set(ensembleName, await this.#circuits[ensembleName].execute(blend));
    } catch (error) {
      run.logger.warn(`${ensembleName} is left out of the predictions`, { member: ensembleName, error });
    }
    return predictionRows(input, predictions, used, run.clock.wallNow());
  }

  protected blend(predictions: ReadonlyMap<string, Prediction>, record: TrackRecord): Prediction {
    return weightedEnsemble(predictions, record);
  }
}

type PredictionRow = ReturnType<typeof predictionRows>[number];

function predictionRows(
  { players }: PredictionDay,
  predictions: ReadonlyMap<string, Prediction>,
  used: readonly string[],
  processedAt: number,
) {
  const missing = systems.filter((system) => !predictions.has(system));
  const about = {
    sources: {},
    quality: quality({ sources: [{ found: predictions.size, wanted: systems.length }] }),
    processedAt,
  };
  return [...predictions].flatMap(([system, prediction]) =>
    players.map(({ game_date, player_lookup, points_line }) =>
      outputRow(
        {
          game_date,
          player_lookup,
          system_id: system,
          predicted_points: Math.max(0, prediction.get(player_lookup)!),
          points_line,
          members: system === ensembleName ? used.join(',') : system,
          missing_systems: missing.length === 0 ? null : missing.join(','),
          is_degraded: missing.length > 0,
        },
        about,
      ),
    ),
  );
}

const columns = Object.keys(features.shape);

const featuresOfTheDate = `
  SELECT ${columns.join(', ')}
  FROM nba_predictions.player_features
  WHERE game_date = @date
  ORDER BY player_lookup`;

const pastGames = `
  SELECT ${columns.map((column) => `features.${column}`).join(', ')}, played.points
  FROM nba_predictions.player_features AS features
  JOIN nba_analytics.player_game_summary AS played
    ON played.game_date = features.game_date AND played.player_lookup = features.player_lookup
  WHERE features.game_date BETWEEN @first AND @last AND played.game_date BETWEEN @first AND @last AND played.is_active
  ORDER BY features.game_date, features.player_lookup`;

const trackRecord = z.object({ system_id: z.string(), error: z.number() });

const trackRecords = `
  SELECT predicted.system_id, AVG(ABS(predicted.predicted_points - played.points)) AS error
  FROM nba_predictions.player_points_predictions AS predicted
  JOIN nba_analytics.player_game_summary AS played
    ON played.game_date = predicted.game_date AND played.player_lookup = predicted.player_lookup
  WHERE predicted.game_date BETWEEN @first AND @last AND played.game_date BETWEEN @first AND @last AND played.is_active
  GROUP BY predicted.system_id`;
