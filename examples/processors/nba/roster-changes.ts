import type { Movement, RosterDays, RosterPlayer } from './roster-history.ts';

export interface RosterChange {
  readonly player_lookup: string;
  /** The team he is with now, or was with until now. */
  readonly team_abbr: string;
  readonly change_type: 'added' | 'removed' | 'team_change' | 'status_change' | 'jersey_change';
  readonly player_name: string | null;
  readonly previous_team_abbr: string | null;
  readonly previous_value: string | null;
  readonly new_value: string | null;
  /** What the league's transactions of three days say of him. */
  readonly transaction_type: string | null;
  readonly transaction_description: string | null;
}

/** The changes from one day's rosters to the next, by player. A man who left one team and joined another changed teams. */
export function rosterChanges({ before, on, movements }: RosterDays): RosterChange[] {
  const [earlier, later] = [before, on].map((day) => Map.groupBy(day, ({ player_lookup }) => player_lookup));
  const transactions = new Map(movements.map((movement) => [movement.player_lookup, movement]));
  const players = [...new Set([...earlier!.keys(), ...later!.keys()])].sort();
  return players.flatMap((player) =>
    changesOf(earlier!.get(player) ?? [], later!.get(player) ?? [], transactions.get(player)),
  );
}

function changesOf(
  before: readonly RosterPlayer[],
  on: readonly RosterPlayer[],
  movement: Movement | undefined,
): RosterChange[] {
  const left = before.filter(({ team_abbr }) => !on.some((now) => now.team_abbr === team_abbr));
  const joined = on.filter(({ team_abbr }) => !before.some((then) => then.team_abbr === team_abbr));
  const changes: RosterChange[] = [];
  const add = (player: RosterPlayer, type: RosterChange['change_type'], values: Partial<RosterChange> = {}) =>
    changes.push({
      player_lookup: player.player_lookup,
      team_abbr: player.team_abbr,
      change_type: type,
      player_name: player.player_full_name,
      previous_team_abbr: null,
      previous_value: null,
      new_value: null,
      transaction_type: movement?.transaction_type ?? null,
      transaction_description: movement?.transaction_description ?? null,
      ...values,
    });
  for (const [index, player] of joined.entries()) {
    const from = left[index]?.team_abbr;
    if (from === undefined) add(player, 'added');
    else
      add(player, 'team_change', {
        previous_team_abbr: from,
        previous_value: from,
        new_value: player.team_abbr,
      });
  }
  for (const player of left.slice(joined.length)) add(player, 'removed');
  for (const now of on) {
    const then = before.find(({ team_abbr }) => team_abbr === now.team_abbr);
    if (then === undefined) continue;
    if (then.status !== now.status)
      add(now, 'status_change', { previous_value: then.status, new_value: now.status });
    if (then.jersey_number !== now.jersey_number)
      add(now, 'jersey_change', { previous_value: then.jersey_number, new_value: now.jersey_number });
  }
  return changes;
}
