// `npm run backtest -- --dir DIR`: predicts every day of a season that `npm run backfill -- --dir DIR` has made, each day from
// what was known before it, and tells how far off each system was.
import { ConfigurationError } from 'breakwater';
import { createLocalContext } from 'breakwater/local';
import { recoverHolders } from 'breakwater/trigger';
import Table from 'cli-table3';
import { Command, CommanderError } from 'commander';
import { addDays } from '../dates.ts';
import { createTables } from '../schemas/index.ts';
import { PlayerFeatures } from './player-features.ts';
import { PlayerPredictions } from './player-predictions.ts';

/** The season's last weeks, on which nothing here was tuned. */
const heldOutWeeks = 6;

const command: Command = new Command('npm run backtest --')
  .description('Predicts every day of a backfilled season and reports each system’s mean absolute error.')
  .requiredOption('--dir <folder>', 'where the backfill is')
  .allowExcessArguments(false)
  .exitOverride();

async function backtest(dir: string): Promise<void> {
  const context = await createLocalContext({ dir });
  try {
    await recoverHolders(context, (holder) => context.deathOf(holder));
    await createTables(context.bigquery);
    const days = await context.bigquery.query<{ day: string }>(
      'SELECT DISTINCT game_date AS day FROM nba_analytics.upcoming_player_game_context ORDER BY day',
    );
    if (days.length === 0)
      throw new ConfigurationError('--dir', 'a folder in which npm run backfill has made a season', dir);
    // One day after the other: the ensemble weighs its members by how they did on those before.
    for (const [index, { day }] of days.entries()) {
      for (const Processor of [PlayerFeatures, PlayerPredictions]) {
        const [result] = await new Processor(context).run({ analysisDate: day });
        if (result.status === 'failed' || result.status === 'timed_out')
          process.stdout.write(`${result.key}: ${result.reason} ${String(result.error)}\n`);
      }
      if ((index + 1) % 20 === 0) process.stdout.write(`${index + 1} of ${days.length} days, ${day}\n`);
    }
    const heldOut = addDays(days.at(-1)!.day, -7 * heldOutWeeks + 1);
    const errors = await context.bigquery.query<ErrorRow>(errorsBySystem, {
      params: { heldOut },
      types: { heldOut: 'DATE' },
    });
    process.stdout.write(`${text(errors, heldOut)}\n`);
  } finally {
    await context.close();
  }
}

interface ErrorRow {
  readonly system_id: string;
  readonly predictions: number;
  readonly season: number;
  readonly held_out: number | null;
}

const errorsBySystem = `
  SELECT
    predicted.system_id,
    COUNT(*) AS predictions,
    AVG(ABS(predicted.predicted_points - played.points)) AS season,
    AVG(CASE WHEN predicted.game_date >= @heldOut THEN ABS(predicted.predicted_points - played.points) END) AS held_out
  FROM nba_predictions.player_points_predictions AS predicted
  JOIN nba_analytics.player_game_summary AS played
    ON played.game_date = predicted.game_date AND played.player_lookup = predicted.player_lookup
  WHERE played.is_active
  GROUP BY predicted.system_id
  ORDER BY held_out, predicted.system_id`;

function text(errors: readonly ErrorRow[], heldOut: string): string {
  const table = new Table({
    head: ['system', 'predictions', 'mean absolute error', `from ${heldOut} on`],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { system_id, predictions, season, held_out } of errors)
    table.push([system_id, predictions, season.toFixed(3), held_out === null ? '' : held_out.toFixed(3)]);
  const of = (holds: (row: ErrorRow) => boolean) => errors.filter(holds).map(({ held_out }) => held_out ?? 0);
  const [ensemble = 0] = of(({ system_id }) => system_id === 'ensemble_v1');
  const best = Math.min(...of(({ system_id }) => system_id !== 'ensemble_v1'));
  const verdict =
    ensemble <= best
      ? `the ensemble is no worse than its best member in the last ${heldOutWeeks} weeks`
      : `the ensemble is worse than its best member by ${(ensemble - best).toFixed(3)} points in the last ${heldOutWeeks} weeks`;
  return `${table.toString()}\n${verdict}`;
}

try {
  command.parse();
  await backtest(command.opts<{ dir: string }>().dir);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof ConfigurationError) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 2;
  } else throw error;
}
