import { type RunRecord, runRecords } from 'breakwater';
import { localState, openWarehouse } from 'breakwater/local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesIn, openingNight, rowsOf, temporaryFolder, writeSlate } from '../testing/folders.ts';
import { type Ended, reportOf, start } from '../testing/start.ts';

const { date, tables } = openingNight();
const output = 'nba_analytics.team_offense_game_summary';
const moments = ['extract', 'write', 'record'] as const;

// One story: the same folder, killed once at each moment, then left alone.
describe('npm start, killed in mid-run and started again', () => {
  const folder = temporaryFolder();
  const args = [
    '--slate',
    folder.in('slate'),
    '--date',
    date,
    '--dir',
    folder.in('state'),
    '--out',
    folder.in('out'),
    '--json',
  ];
  const killed: Ended[] = [];
  const rowsAfter: number[] = [];
  let last: Ended;
  let runs: readonly RunRecord[];

  beforeAll(async () => {
    writeSlate(folder.in('slate'), tables);
    for (const moment of moments) {
      const preload = new URL('../testing/kill-at.ts', import.meta.url);
      killed.push(
        await start(args, { preload, env: { KILL_AT: moment, KILL_OUTPUT: 'team_offense_game_summary' } }),
      );
      rowsAfter.push(await rowsInWarehouse(folder.in('state', 'warehouse.duckdb')));
    }
    last = await start(args);
    runs = await recordsIn(folder.in('state', 'state.sqlite'));
  }, 300_000);
  afterAll(() => folder[Symbol.dispose]());

  it('was killed each time, with no outputs written', () => {
    expect(killed.map(({ signal, stdout }) => ({ signal, stdout }))).toEqual(
      Array(3).fill({ signal: 'SIGKILL', stdout: '' }),
    );
  });

  it('has all rows of the output in the warehouse or none, as it was killed after the write or before its end', () => {
    expect(rowsAfter).toEqual([0, 0, 4]);
  });

  it('records every dead run as such, once', () => {
    const dead = runs.filter(({ key, status }) => key === `${output}/${date}` && status !== 'succeeded');
    expect(dead.map(({ status, reason }) => `${status} ${reason}`)).toEqual(
      Array(3).fill('failed stale_heartbeat'),
    );
    expect(runs.filter(({ status }) => status === 'running')).toEqual([]);
    expect(dead.map(({ steps }) => steps)).toEqual(Array(3).fill([]));
  });

  it('names the dead run in the next report, and runs its work again as a further attempt', () => {
    const dead = runs.filter(({ status }) => status === 'failed').sort((a, b) => a.attempt - b.attempt);
    const { recovered, runs: ran } = reportOf(last);
    expect(recovered).toMatchObject([
      { key: `${output}/${date}`, runId: dead.at(-1)!.runId, reason: 'stale_heartbeat' },
    ]);
    expect(ran.find(({ key }) => key === `${output}/${date}`)).toMatchObject({
      status: 'succeeded',
      attempt: 4,
      rows: 4,
      wasParked: true,
    });
    expect(last.code).toBe(0);
  });

  it('leaves whole outputs, each row once', () => {
    const files = filesIn(folder.in('out'));
    expect(Object.keys(files).sort()).toEqual([
      'nba_analytics.player_game_summary',
      'nba_analytics.team_defense_game_summary',
      output,
    ]);
    const teams = rowsOf(files[output]).map(({ team_abbr }) => team_abbr);
    expect(teams).toHaveLength(4);
    expect(new Set(teams).size).toBe(4);
    expect(rowsOf(files['nba_analytics.player_game_summary'])).toHaveLength(
      tables['nba_raw.nbac_player_boxscores']!.length,
    );
  });
});

async function recordsIn(file: string): Promise<readonly RunRecord[]> {
  using state = localState({ file });
  const { entries } = await state.collection(runRecords).list({ limit: 100 });
  return entries.flatMap((entry) => (entry.readable ? [entry.value] : []));
}

async function rowsInWarehouse(file: string): Promise<number> {
  const warehouse = await openWarehouse({ file });
  try {
    return (await warehouse.query(`SELECT team_abbr FROM ${output}`)).length;
  } finally {
    await warehouse.close();
  }
}
