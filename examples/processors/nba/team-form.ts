import { addDays, daysBetween, daysOfRest } from '../../dates.ts';
import type { CalendarGame } from './calendar.ts';

/** How a team comes to a game, from the games around it. */
export function teamForm(games: readonly CalendarGame[], team: string, date: string) {
  const own = games.filter(({ home, away }) => home === team || away === team);
  const before = own.filter((game) => game.date < date);
  const next = own.find((game) => game.date > date);
  const rest = daysOfRest(before.at(-1)?.date, date);
  const margins = before.flatMap(({ home, margin }) =>
    margin === null ? [] : home === team ? margin : -margin,
  );
  return {
    days_rest: rest,
    back_to_back: rest === 0,
    days_until_next_game: next === undefined ? null : daysBetween(date, next.date),
    games_in_last_7_days: since(before, addDays(date, -7)),
    games_in_last_14_days: since(before, addDays(date, -14)),
    win_streak: margins.length - 1 - margins.findLastIndex((margin) => margin < 0),
    last_margin: margins.at(-1) ?? null,
  };
}

function since(games: readonly CalendarGame[], first: string): number {
  return games.filter(({ date }) => date >= first).length;
}
