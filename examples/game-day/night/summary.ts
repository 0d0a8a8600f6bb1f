import type { RunRecord } from 'breakwater';
import Table from 'cli-table3';
import pc from 'picocolors';
import { statusText } from '../status-text.ts';
import { nameOf } from './board.ts';
import { easternDay, easternTime } from './eastern-time.ts';
import type { NightReport } from './night-report.ts';

/** The night in tables: runs, circuits, heartbeats, warehouse, and some of what it was for. */
export function summaryText(report: NightReport): string {
  const { from, to, games, runs } = report;
  const hours = ((to - from) / 3_600_000).toFixed(1);
  return [
    pc.bold(
      `The night of ${easternDay(from)}: ${games.nba} NBA and ${games.mlb} MLB games in ${hours} hours`,
    ),
    '',
    table(
      ['began', 'processor', 'asked by', 'outcome', 'attempt', 'time', 'rows'],
      runs.map((run) => [
        easternTime(Date.parse(run.startedAt)),
        nameOf(run.processor),
        run.trigger,
        statusText(run.status, run.reason ?? ''),
        run.attempt,
        `${((run.durationMs ?? 0) / 1_000).toFixed(1)} s`,
        run.rows ?? 0,
      ]),
    ),
    outcomes(runs),
    '',
    circuitsText(report),
    '',
    heartbeatsText(report),
    '',
    warehouseText(report),
    '',
    ...highlightsText(report),
  ].join('\n');
}

function outcomes(runs: readonly RunRecord[]): string {
  const counts = new Map<string, number>();
  for (const { status, reason } of runs) {
    const outcome = status === 'skipped' ? `${status}: ${reason}` : status;
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return pc.dim([...counts].map(([outcome, count]) => `${count} ${outcome}`).join(' · '));
}

function circuitsText({ circuits }: NightReport): string {
  const rows = circuits.map(({ key, state, failures, epoch }) => [
    key.replace(/^processor\//, ''),
    state === 'closed' ? pc.green(state) : pc.red(state),
    failures,
    epoch,
  ]);
  return [
    pc.bold('Circuits'),
    table(['of', 'state', 'failures since a success', 'changes of state'], rows),
  ].join('\n');
}

function heartbeatsText({ heartbeats: { delivered, lost, degraded } }: NightReport): string {
  const rows = [...Object.entries(delivered), ['lost', lost] as const].map(([sink, beats]) => [sink, beats]);
  const state = degraded ? pc.red('the first sink is away') : pc.green('the first sink is in use');
  return [`${pc.bold('Heartbeats')}, ${state}`, table(['sink', 'beats'], rows)].join('\n');
}

function warehouseText({ asked: { looks, reads, writes, rowsRead, rowsWritten } }: NightReport): string {
  return [
    pc.bold('Asked of the warehouse'),
    table(
      ['what', 'calls', 'rows'],
      [
        ['whether data is there', looks, ''],
        ['data', reads, rowsRead],
        ['outputs written', writes, rowsWritten],
      ],
    ),
  ].join('\n');
}

function highlightsText({ highlights: { scorers, attacks, batters } }: NightReport): string[] {
  const decimal = (value: number | null, digits: number) => value?.toFixed(digits) ?? '–';
  return [
    pc.bold('Most points'),
    table(
      ['player', 'team', 'vs', 'pts', 'ast', 'min', 'TS%', 'usage', 'line', ''],
      scorers.map((row) => [
        row.player_name,
        row.team_abbr,
        row.opponent_team_abbr,
        row.points,
        row.assists,
        decimal(row.minutes_played, 1),
        decimal(row.ts_pct === null ? null : 100 * row.ts_pct, 1),
        decimal(row.usage_rate, 1),
        decimal(row.points_line, 1),
        row.over_under_result ?? '',
      ]),
    ),
    pc.bold('Best attacks'),
    table(
      ['team', 'vs', 'score', 'possessions', 'pace', 'off. rating', 'def. rating'],
      attacks.map((row) => [
        row.team_abbr,
        row.opponent_team_abbr,
        `${row.points_scored}–${row.points_allowed}`,
        decimal(row.possessions, 1),
        decimal(row.pace, 1),
        decimal(row.offensive_rating, 1),
        decimal(row.defensive_rating, 1),
      ]),
    ),
    pc.bold('Hot bats'),
    table(
      ['batter', 'team', 'vs', 'hits', 'HR', 'RBI', 'season avg', 'K rate, last 10'],
      batters.map((row) => [
        row.player_name,
        row.team_abbr,
        row.opponent_abbr,
        `${row.hits} of ${row.at_bats}`,
        row.home_runs,
        row.rbis,
        decimal(row.season_batting_avg, 3),
        decimal(row.k_rate_last_10, 3),
      ]),
    ),
  ];
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const made = new Table({
    head: [...head],
    colAligns: numeric.map((isNumber) => (isNumber ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) made.push([...row]);
  return made.toString();
}
