import type { Player } from './players.ts';
import { plannedMinutes } from './rotation.ts';

/** What an average team scores. */
const teamPoints = 114;

/** Points that each of a team's players may be expected to score: his part of the team's, by minutes and shots. */
export function expectedPoints(players: readonly Player[]) {
  const parts = players.map(
    (player, place) => (plannedMinutes[place] ?? 0) * player.shooting * perShot(player),
  );
  const all = parts.reduce((sum, part) => sum + part, 0);
  return players.map((player, place) => ({ player, points: (teamPoints * parts[place]!) / all }));
}

function perShot(player: Player): number {
  const { threeShare, threeAccuracy, twoAccuracy, freeThrowAccuracy, drawsFouls } = player;
  return (
    threeShare * 3 * threeAccuracy +
    (1 - threeShare) * 2 * twoAccuracy +
    0.22 * drawsFouls * freeThrowAccuracy
  );
}
