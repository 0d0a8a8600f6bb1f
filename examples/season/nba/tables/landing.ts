import { timestamp } from '../../days.ts';
import type { Game } from '../../season.ts';

/** When the rows of a game land: so many minutes after its end, a few more or less from game to game. */
function landsAt(game: Game, minutes: number): number {
  return game.endsAt + (minutes + (Number(game.id) % 7)) * 60_000;
}

/** The rows of the games that are there at the instant. */
export function landed<Row>(
  games: readonly Game[],
  at: number,
  minutes: number,
  rowsOf: (game: Game, processedAt: string) => readonly Row[],
): Row[] {
  return games.flatMap((game) => {
    // A game's end is known only once it is played: don't play those that have not begun.
    if (at < game.startsAt) return [];
    const time = landsAt(game, minutes);
    return time <= at ? rowsOf(game, timestamp(time)) : [];
  });
}
