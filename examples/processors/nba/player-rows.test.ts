import { describe, expect, it } from 'vitest';
import type { PlayerDay, PlayerLine } from './player-day.ts';
import { playerRows } from './player-rows.ts';

const sources = {
  source_nbac_schedule_last_updated: null,
  source_nbac_schedule_rows_found: 1,
  source_nbac_gamebook_player_stats_last_updated: null,
  source_nbac_gamebook_player_stats_rows_found: 3,
  source_nbac_player_boxscores_last_updated: null,
  source_nbac_player_boxscores_rows_found: 0,
  source_odds_api_player_points_props_last_updated: null,
  source_odds_api_player_points_props_rows_found: 1,
  source_team_offense_game_summary_last_updated: null,
  source_team_offense_game_summary_rows_found: 2,
};
const gameId = '20260116_MEM_ORL';
const paolo = {
  game_id: gameId,
  player_lookup: 'paolobanchero',
  player_name: 'Paolo Banchero',
  team_abbr: 'ORL',
  player_status: 'active',
  minutes: '36:00',
  points: 30,
  assists: 7,
  field_goals_made: 10,
  field_goals_attempted: 20,
  three_pointers_made: 2,
  free_throws_attempted: 10,
  turnovers: 3,
} as const satisfies PlayerLine;
const absent = (player_lookup: string, player_status: 'dnp' | 'inactive', dnp_reason: string | null) =>
  ({
    game_id: gameId,
    player_lookup,
    player_name: null,
    team_abbr: 'MEM',
    player_status,
    dnp_reason,
  }) satisfies PlayerLine;

const day: PlayerDay = {
  games: [{ gameId, date: '2026-01-16', home: 'ORL', away: 'MEM', homeScore: 121, awayScore: 115, sources }],
  gamebook: [paolo],
  boxScores: [],
  teams: [
    { game_id: gameId, team_abbr: 'ORL', possessions: 110 },
    { game_id: gameId, team_abbr: 'MEM', possessions: 115 },
  ],
  lines: [{ player_lookup: 'paolobanchero', points_line: 24.5, processed_at: null }],
};
const rowsOf = (changes: Partial<PlayerDay> = {}) => playerRows({ ...day, ...changes }, 0);
const rowOf = (changes: Partial<PlayerDay> = {}) => rowsOf(changes)[0]!;

describe('player game summary', () => {
  it('is computed from the gamebook, the team and the betting line', () => {
    const [row, ...others] = rowsOf();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      game_date: '2026-01-16',
      player_lookup: 'paolobanchero',
      game_id: gameId,
      team_abbr: 'ORL',
      opponent_team_abbr: 'MEM',
      points: 30,
      minutes_played: 36,
      assists: 7,
      fg_attempts: 20,
      // 100·(20 + 4.4 + 3)·48 / (36·110) = 131520 / 3960
      usage_rate: 33.21212121212121,
      // 30 / (2·24.4)
      ts_pct: 0.6147540983606558,
      efg_pct: 0.55,
      points_line: 24.5,
      over_under_result: 'OVER',
      margin: 5.5,
      is_active: true,
      is_dnp: false,
      dnp_reason_category: null,
      starter_flag: true,
      win_flag: true,
      quality_score: 100,
      quality_tier: 'gold',
      ...sources,
    });
  });

  it('is over when the points meet the line, under below it, and nothing without one', () => {
    const line = (points_line: number) =>
      rowOf({ lines: [{ player_lookup: 'paolobanchero', points_line, processed_at: null }] });
    expect(line(30)).toMatchObject({ over_under_result: 'OVER', margin: 0 });
    expect(line(30.5)).toMatchObject({ over_under_result: 'UNDER', margin: -0.5 });
    expect(rowOf({ lines: [] })).toMatchObject({ points_line: null, over_under_result: null, margin: null });
  });

  it('lists those who did not play with the reason and without numbers', () => {
    const rows = rowsOf({
      gamebook: [
        paolo,
        absent('jamorant', 'inactive', 'Injury/Illness - Right Calf; Strain'),
        absent('camspencer', 'dnp', "DNP - Coach's Decision"),
      ],
      lines: [{ player_lookup: 'jamorant', points_line: 20.5, processed_at: null }],
    });
    expect(rows.slice(1)).toMatchObject([
      {
        player_lookup: 'jamorant',
        is_active: false,
        is_dnp: false,
        dnp_reason_category: 'injury',
        points: null,
        minutes_played: null,
        usage_rate: null,
        points_line: 20.5,
        over_under_result: null,
        margin: null,
        win_flag: false,
      },
      { player_lookup: 'camspencer', is_active: false, is_dnp: true, dnp_reason_category: 'coach_decision' },
    ]);
  });

  it('falls back to the box score when nobody in the gamebook is active, and says so', () => {
    const fromBox = { ...paolo, minutes: 36, assists: 8 };
    const rows = rowsOf({ gamebook: [absent('jamorant', 'inactive', null)], boxScores: [fromBox] });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      assists: 8,
      minutes_played: 36,
      quality_score: 90,
      quality_tier: 'silver',
    });
    expect(rowOf({ boxScores: [fromBox] })).toMatchObject({ assists: 7, quality_score: 100 });
  });

  it('knows no usage where the team has no row, and is of lower quality', () => {
    const row = rowOf({ teams: [{ game_id: gameId, team_abbr: 'MEM', possessions: 115 }] });
    expect(row).toMatchObject({ usage_rate: null, quality_score: 50, quality_tier: 'bronze' });
  });

  it('has one row for a player on two sheets, the one he played for', () => {
    const onOther = { ...absent('paolobanchero', 'inactive', 'Trade pending'), team_abbr: 'MEM' };
    for (const gamebook of [
      [onOther, paolo],
      [paolo, onOther],
    ]) {
      expect(rowsOf({ gamebook })).toMatchObject([{ team_abbr: 'ORL', is_active: true }]);
    }
  });

  it('knows no winner without a score', () => {
    expect(rowOf({ games: [{ ...day.games[0]!, homeScore: null }] }).win_flag).toBeNull();
  });
});
