import { describe, expect, it } from 'vitest';
import { playerContextRows } from './player-context.ts';
import type { PlayedGame, PlayerContextDay } from './player-context-sources.ts';

const date = '2026-01-16';
const rostered = (player_lookup: string, team_abbr = 'ORL') => ({
  team_abbr,
  player_lookup,
  player_full_name: null,
  processed_at: `${date}T12:00:00Z`,
});
const played = (
  player_lookup: string,
  game_date: string,
  points: number,
  more: Partial<PlayedGame> = {},
) => ({
  player_lookup,
  game_date,
  points,
  minutes_played: 20,
  usage_rate: 15,
  updated: null,
  ...more,
});
const day: PlayerContextDay = {
  date,
  games: [{ gameId: '20260116_MEM_ORL', date, home: 'ORL', away: 'MEM', margin: null, updated: null }],
  roster: [rostered('star'), rostered('mate'), rostered('guest', 'MEM'), rostered('idle', 'BOS')],
  pointsLines: [{ player_lookup: 'mate', points_line: 12.5, processed_at: null }],
  played: [],
  lines: [{ game_id: '20260116_MEM_ORL', home_spread: -4.5, total: 221, updated: null }],
  injuries: [],
};
const rowsOf = (changes: Partial<PlayerContextDay>) =>
  new Map(playerContextRows({ ...day, ...changes }, 0).map((row) => [row.player_lookup, row]));

describe('player context', () => {
  it('is of the players of teams that play, with the spread of their own team', () => {
    const rows = rowsOf({});
    expect([...rows.keys()]).toEqual(['star', 'mate', 'guest']);
    expect(rows.get('mate')).toMatchObject({
      has_prop_line: true,
      current_points_line: 12.5,
      game_spread: -4.5,
      opponent_team_abbr: 'MEM',
    });
    expect(rows.get('guest')).toMatchObject({ has_prop_line: false, game_spread: 4.5, game_total: 221 });
  });

  it('has averages of the last five and ten games, and of the usage of seven', () => {
    const games = Array.from({ length: 12 }, (_, index) =>
      played('mate', `2026-01-${String(14 - index).padStart(2, '0')}`, index < 5 ? 20 : 10, {
        usage_rate: index === 0 ? null : 10 + index,
      }),
    );
    // In any order: the latest count, whatever the warehouse gave first.
    expect(rowsOf({ played: games.toReversed() }).get('mate')).toMatchObject({
      points_avg_last_5: 20,
      points_avg_last_10: 15,
      // 11 to 16: the latest has none.
      avg_usage_rate_last_7_games: 13.5,
      days_rest: 1,
      back_to_back: false,
      games_in_last_7_days: 6,
    });
  });

  it.each([
    ['18 points', { points: 18 }, 1],
    ['28 minutes', { minutes_played: 28 }, 1],
    ['a usage of 25 %', { usage_rate: 25 }, 1],
    ['nothing of it', {}, 0],
  ])('counts a star that is out, by %s', (_, numbers, expected) => {
    const injuries = [{ team: 'ORL', player_lookup: 'star', injury_status: 'out', processed_at: null }];
    const rows = rowsOf({ injuries, played: [played('star', '2026-01-10', 10, numbers)] });
    expect(rows.get('mate')).toMatchObject({ star_teammates_out: expected });
    // Neither for himself nor for the other side.
    expect(rows.get('star')).toMatchObject({ star_teammates_out: 0, injury_status: 'out' });
    expect(rows.get('guest')).toMatchObject({ star_teammates_out: 0 });
  });

  it('does not count a star that is questionable', () => {
    const injuries = [
      { team: 'ORL', player_lookup: 'star', injury_status: 'questionable', processed_at: null },
    ];
    const rows = rowsOf({ injuries, played: [played('star', '2026-01-10', 30)] });
    expect(rows.get('mate')).toMatchObject({ star_teammates_out: 0 });
  });
});
