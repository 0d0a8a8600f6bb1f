import { describe, expect, expectTypeOf, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { type SourceColumns, sourceColumns } from './source-columns.ts';

describe('source columns', () => {
  const columns = sourceColumns(['nba_raw.nbac_schedule', 'nba_raw.nbac_team_boxscore']);
  const row = {
    source_nbac_schedule_last_updated: '2025-03-15T23:59:00Z',
    source_nbac_schedule_rows_found: 8,
    source_nbac_team_boxscore_last_updated: null,
    source_nbac_team_boxscore_rows_found: 0,
  };

  it('asks in one select for the count and the newest row of each table on the date', () => {
    expect(columns.sql).toBe(
      'SELECT source_nbac_schedule_last_updated, source_nbac_schedule_rows_found, ' +
        'source_nbac_team_boxscore_last_updated, source_nbac_team_boxscore_rows_found FROM ' +
        '(SELECT MAX(processed_at) AS source_nbac_schedule_last_updated, COUNT(*) AS source_nbac_schedule_rows_found ' +
        'FROM nba_raw.nbac_schedule WHERE game_date = @date) AS source_0 CROSS JOIN ' +
        '(SELECT MAX(processed_at) AS source_nbac_team_boxscore_last_updated, COUNT(*) AS source_nbac_team_boxscore_rows_found ' +
        'FROM nba_raw.nbac_team_boxscore WHERE game_date = @date) AS source_1',
    );
  });

  it('goes by another date column when told', () => {
    const { sql } = sourceColumns(['nba_raw.nbac_player_movement'], { column: 'transaction_date' });
    expect(sql).toContain('WHERE transaction_date = @date');
  });

  it('goes by how new the data of an output is, not by when it was computed, when told', () => {
    const { sql } = sourceColumns(['nba_analytics.team_offense_game_summary'], {
      newest: {
        'nba_analytics.team_offense_game_summary': ['source_a_last_updated', 'source_b_last_updated'],
      },
    });
    expect(sql).toContain('MAX(COALESCE(source_a_last_updated, source_b_last_updated)) AS');
    expect(() => sourceColumns(['a.b'], { newest: { 'a.b': ['x)'] } })).toThrow('sourceColumns.newest');
  });

  it('parses the answer, and refuses one that lacks a column', () => {
    expect(columns.schema.parse(row)).toEqual(row);
    const { source_nbac_team_boxscore_rows_found: _, ...without } = row;
    expect(columns.schema.safeParse(without).success).toBe(false);
  });

  it('picks its columns out of a longer row', () => {
    const longer = { team_abbr: 'GSW', ...row };
    expect(columns.pick(longer)).toEqual(row);
  });

  it('knows the names of the columns as types', () => {
    expectTypeOf<SourceColumns<'nba_raw.nbac_schedule'>>().toEqualTypeOf<
      { readonly source_nbac_schedule_last_updated: string | null } & {
        readonly source_nbac_schedule_rows_found: number;
      }
    >();
    expectTypeOf<keyof SourceColumns<'project.nba_raw.nbac_schedule'>>().toEqualTypeOf<
      'source_nbac_schedule_last_updated' | 'source_nbac_schedule_rows_found'
    >();
  });

  it.each([
    [['nbac_schedule']],
    [['nba_raw.nbac_schedule; DROP TABLE x']],
    [[]],
    [['nba_raw.schedule', 'mlb_raw.schedule']],
  ])('refuses the tables %j', (tables) => {
    expect(() => sourceColumns(tables)).toThrow(ConfigurationError);
  });

  it('refuses a column that is no identifier', () => {
    expect(() => sourceColumns(['a.b'], { column: 'x OR 1' })).toThrow('sourceColumns.column');
  });
});
