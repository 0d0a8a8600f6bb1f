import { InvalidDataError } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { teamDefenseRow } from './team-defense-game-summary.ts';
import type { Side, TeamGame, TeamLine } from './team-games.ts';
import { teamOffenseRow } from './team-offense-game-summary.ts';

const at = Date.parse('2026-01-17T06:00:00Z');
const sources = {
  source_nbac_schedule_last_updated: '2026-01-17T05:30:00Z',
  source_nbac_schedule_rows_found: 1,
  source_nbac_team_boxscore_last_updated: '2026-01-17T05:30:00Z',
  source_nbac_team_boxscore_rows_found: 2,
  source_nbac_gamebook_player_stats_last_updated: null,
  source_nbac_gamebook_player_stats_rows_found: 0,
};

// 90 + 0.44·25 + 14 − 5 = 110 possessions, in one overtime.
const orlando: TeamLine = {
  points: 121,
  minutes: 265,
  fieldGoalsAttempted: 90,
  threePointersMade: 15,
  freeThrowsAttempted: 25,
  offensiveRebounds: 5,
  defensiveRebounds: 33,
  turnovers: 14,
  steals: 8,
  blocks: 6,
};
// 95 + 0.44·50 + 10 − 12 = 115 possessions.
const memphis: TeamLine = {
  points: 115,
  minutes: 265,
  fieldGoalsAttempted: 95,
  threePointersMade: 11,
  freeThrowsAttempted: 50,
  offensiveRebounds: 12,
  defensiveRebounds: 30,
  turnovers: 10,
  steals: 5,
  blocks: 2,
};

const gameId = '20260116_MEM_ORL';
const side = (team: string, box?: TeamLine, gamebook?: TeamLine): Side => ({ team, gameId, box, gamebook });
const home = (own: Side, opponent: Side): TeamGame => ({
  gameId,
  date: '2026-01-16',
  home: true,
  own,
  opponent,
  sources,
});

describe('team offence', () => {
  it('is computed from the box score', () => {
    const row = teamOffenseRow(home(side('ORL', orlando), side('MEM', memphis)), at);
    expect(row).toMatchObject({
      game_date: '2026-01-16',
      team_abbr: 'ORL',
      game_id: gameId,
      opponent_team_abbr: 'MEM',
      home_game: true,
      points_scored: 121,
      possessions: 110,
      offensive_rating: 110,
      // 110·48/53
      pace: 99.62264150943396,
      // 121 / (2·101)
      ts_pct: 0.599009900990099,
      win_flag: true,
      margin_of_victory: 6,
      overtime_periods: 1,
      processed_at: '2026-01-17T06:00:00.000Z',
      quality_score: 100,
      quality_tier: 'gold',
      is_production_ready: true,
      ...sources,
    });
    expect(row.data_hash).toMatch(/^[0-9a-f]{16}$/);
  });

  it("falls back to the gamebook's sum where a box score is missing, and says so", () => {
    const row = teamOffenseRow(
      home(side('ORL', undefined, { ...orlando, minutes: 264.98 }), side('MEM', memphis)),
      at,
    );
    expect(row).toMatchObject({
      possessions: 110,
      overtime_periods: 1,
      quality_score: 90,
      quality_tier: 'silver',
    });
  });

  it('prefers the box score to the gamebook', () => {
    const row = teamOffenseRow(home(side('ORL', orlando, memphis), side('MEM', memphis)), at);
    expect(row.points_scored).toBe(121);
  });

  it('says the same whenever it is computed, but for the time', () => {
    const game = home(side('ORL', orlando), side('MEM', memphis));
    const { processed_at: _, ...first } = teamOffenseRow(game, at);
    const { processed_at: __, ...second } = teamOffenseRow(game, at + 3_600_000);
    expect(second).toEqual(first);
  });

  it('refuses a game of which a side is missing, by name', () => {
    const game = home(side('ORL', orlando), side('MEM'));
    expect(() => teamOffenseRow(game, at)).toThrow(InvalidDataError);
    expect(() => teamOffenseRow(game, at)).toThrow(/MEM .* 20260116_MEM_ORL/);
  });
});

describe('team defence', () => {
  it('is what the opponent did, and what the defenders themselves stole, blocked and rebounded', () => {
    const row = teamDefenseRow(home(side('ORL', orlando), side('MEM', memphis)), at);
    expect(row).toMatchObject({
      defending_team_abbr: 'ORL',
      opponent_team_abbr: 'MEM',
      points_allowed: 115,
      opp_fg_attempts: 95,
      opp_three_pt_makes: 11,
      turnovers_forced: 10,
      defensive_rating: 100,
      // 115·48/53
      opponent_pace: 104.15094339622641,
      // 115 / (2·117)
      opponent_ts_pct: 0.49145299145299143,
      steals: 8,
      blocks: 6,
      defensive_rebounds: 33,
      win_flag: true,
      // Without a gamebook the box score's own columns stand in.
      quality_score: 90,
    });
  });

  it('takes steals, blocks and defensive rebounds from the gamebook first', () => {
    const book = { ...orlando, steals: 9, blocks: 7, defensiveRebounds: 34 };
    const row = teamDefenseRow(home(side('ORL', orlando, book), side('MEM', memphis, memphis)), at);
    expect(row).toMatchObject({ steals: 9, blocks: 7, defensive_rebounds: 34, quality_score: 100 });
  });
});
