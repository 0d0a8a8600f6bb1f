import { describe, expect, it } from 'vitest';
import type { CalendarGame } from './calendar.ts';
import { teamForm } from './team-form.ts';

/** A game of BOS at home or away, won by so much from its side; null for one that is not over. */
const game = (date: string, margin: number | null, home = true): CalendarGame => ({
  gameId: date,
  date,
  home: home ? 'BOS' : 'MIA',
  away: home ? 'MIA' : 'BOS',
  margin: margin === null || home ? margin : -margin,
  updated: null,
});
const form = (...games: CalendarGame[]) => teamForm(games, 'BOS', '2026-01-16');

describe("a team's form", () => {
  it('counts rest, games of seven and of fourteen days, and the days until the next', () => {
    expect(
      form(
        game('2026-01-01', 1),
        game('2026-01-02', 1),
        game('2026-01-09', 1),
        game('2026-01-13', 1),
        game('2026-01-16', null),
        game('2026-01-18', null),
      ),
    ).toMatchObject({
      days_rest: 2,
      back_to_back: false,
      games_in_last_7_days: 2,
      games_in_last_14_days: 3,
      days_until_next_game: 2,
    });
  });

  it('is back to back the day after a game', () => {
    expect(form(game('2026-01-15', -3))).toMatchObject({ days_rest: 0, back_to_back: true, last_margin: -3 });
  });

  it('counts wins since the last defeat, at home and away', () => {
    expect(form(game('2026-01-10', -2), game('2026-01-12', 9, false), game('2026-01-14', 4))).toMatchObject({
      win_streak: 2,
      last_margin: 4,
    });
    expect(form(game('2026-01-10', 2), game('2026-01-12', -9, false))).toMatchObject({ win_streak: 0 });
    expect(form(game('2026-01-10', 2), game('2026-01-12', 9))).toMatchObject({ win_streak: 2 });
  });

  it('is unknown before the first game', () => {
    expect(form(game('2026-01-16', null))).toEqual({
      days_rest: null,
      back_to_back: false,
      days_until_next_game: null,
      games_in_last_7_days: 0,
      games_in_last_14_days: 0,
      win_streak: 0,
      last_margin: null,
    });
  });
});
