import { quality } from 'breakwater';
import { addDays, daysOfRest } from '../../dates.ts';
import { outputRow } from '../output-row.ts';
import type { CalendarGame } from './calendar.ts';
import { spreadOf } from './game-lines.ts';
import type { PlayerContextDay, PlayedGame } from './player-context-sources.ts';
import { contextSources } from './player-context-sources.ts';

/** Betting lines that a date must have before anything is computed for it. */
export const wantedLines = 20;

/** One row for each player on the roster of a team that plays on the date. */
export function playerContextRows(day: PlayerContextDay, processedAt: number) {
  const playing = gamesOfTeams(day.games);
  const forms = formsOf(day.played);
  const stars = starsOut(day, forms);
  const lines = new Map(day.lines.map((line) => [line.game_id, line]));
  const pointsLines = new Map(day.pointsLines.map((line) => [line.player_lookup, line.points_line]));
  const injuries = new Map(day.injuries.map((injury) => [injury.player_lookup, injury.injury_status]));
  const rostered = day.roster.filter(({ team_abbr }) => playing.has(team_abbr));
  const about = {
    sources: contextSources(day),
    quality: quality({
      sources: [
        { found: new Set(rostered.map(({ team_abbr }) => team_abbr)).size, wanted: playing.size },
        { found: day.pointsLines.length, wanted: wantedLines },
      ],
    }),
    processedAt,
  };
  return rostered.map(({ player_lookup, player_full_name, team_abbr }) => {
    const game = playing.get(team_abbr) as CalendarGame;
    const home = game.home === team_abbr;
    const line = lines.get(game.gameId);
    const pointsLine = pointsLines.get(player_lookup) ?? null;
    const injury = injuries.get(player_lookup) ?? null;
    return outputRow(
      {
        game_date: day.date,
        player_lookup,
        player_name: player_full_name,
        game_id: game.gameId,
        team_abbr,
        opponent_team_abbr: home ? game.away : game.home,
        home_game: home,
        has_prop_line: pointsLine !== null,
        current_points_line: pointsLine,
        game_spread: spreadOf(line, home),
        game_total: line?.total ?? null,
        injury_status: injury,
        ...workload(forms.get(player_lookup) ?? [], day.date),
        star_teammates_out: (stars.get(team_abbr) ?? []).filter((star) => star !== player_lookup).length,
      },
      about,
    );
  });
}

export type PlayerContextRow = ReturnType<typeof playerContextRows>[number];

/** A player's rest and form; averages of what he has played, if that is fewer games. */
function workload(games: readonly PlayedGame[], date: string) {
  const rest = daysOfRest(games[0]?.game_date, date);
  return {
    days_rest: rest,
    back_to_back: rest === 0,
    games_in_last_7_days: games.filter(({ game_date }) => game_date >= addDays(date, -7)).length,
    points_avg_last_5: mean(games.slice(0, 5).map(({ points }) => points)),
    points_avg_last_10: mean(games.slice(0, 10).map(({ points }) => points)),
    avg_usage_rate_last_7_games: mean(games.slice(0, 7).map(({ usage_rate }) => usage_rate)),
  };
}

/** A star, by his last ten games: 18 points, 28 minutes or a usage of 25 %. */
function isStar(games: readonly PlayedGame[]): boolean {
  const ten = games.slice(0, 10);
  const average = (of: (game: PlayedGame) => number | null) => mean(ten.map(of)) ?? 0;
  return (
    average(({ points }) => points) >= 18 ||
    average(({ minutes_played }) => minutes_played) >= 28 ||
    average(({ usage_rate }) => usage_rate) >= 25
  );
}

/** By team, the stars that the injury report has as out. */
function starsOut(day: PlayerContextDay, forms: ReadonlyMap<string, readonly PlayedGame[]>) {
  const out = new Set(
    day.injuries.filter(({ injury_status }) => injury_status === 'out').map((row) => row.player_lookup),
  );
  const stars = day.roster.filter(
    ({ player_lookup }) => out.has(player_lookup) && isStar(forms.get(player_lookup) ?? []),
  );
  return new Map(
    [...Map.groupBy(stars, ({ team_abbr }) => team_abbr)].map(([team, players]) => [
      team,
      players.map(({ player_lookup }) => player_lookup),
    ]),
  );
}

/** Each player's games, the latest first. */
function formsOf(played: readonly PlayedGame[]): ReadonlyMap<string, readonly PlayedGame[]> {
  const latestFirst = played.toSorted((a, b) => (a.game_date < b.game_date ? 1 : -1));
  return Map.groupBy(latestFirst, ({ player_lookup }) => player_lookup);
}

export function gamesOfTeams(games: readonly CalendarGame[]): ReadonlyMap<string, CalendarGame> {
  return new Map(games.flatMap((game) => [[game.home, game] as const, [game.away, game] as const]));
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
