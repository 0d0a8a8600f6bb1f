import { z } from 'zod';

/** What the systems know of a player before his game. */
export const features = z.object({
  game_date: z.string(),
  player_lookup: z.string(),
  team_abbr: z.string(),
  opponent_team_abbr: z.string(),
  home_game: z.boolean(),
  points_avg_last_5: z.number(),
  points_avg_last_10: z.number(),
  minutes_avg_last_10: z.number(),
  usage_avg_last_7: z.number(),
  days_rest: z.int(),
  game_spread: z.number(),
  game_total: z.number(),
  opponent_zone_index: z.number(),
  points_line: z.number().nullable(),
});
export type Features = z.infer<typeof features>;

/** A player's features of an earlier day, and what he scored then. */
export type PastGame = Features & { readonly points: number };

/** What a system predicts from. */
export interface PredictionDay {
  readonly players: readonly Features[];
  /** Earlier days, of which nothing is known that was not known then, but the points. */
  readonly past: readonly PastGame[];
}

/** Predicted points by player. */
export type Prediction = ReadonlyMap<string, number>;

/** The features as numbers, for systems that compare or cut them. */
export function numbersOf(player: Features): readonly number[] {
  return [
    player.points_avg_last_10,
    player.points_avg_last_5 - player.points_avg_last_10,
    player.minutes_avg_last_10,
    player.usage_avg_last_7,
    player.opponent_zone_index,
    player.game_total,
    player.game_spread,
    Math.min(player.days_rest, 5),
    player.home_game ? 1 : 0,
  ];
}
