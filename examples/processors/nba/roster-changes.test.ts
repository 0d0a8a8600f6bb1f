import { describe, expect, it } from 'vitest';
import { rosterChanges } from './roster-changes.ts';
import type { RosterPlayer } from './roster-history.ts';

const player = (lookup: string, team: string, changes: Partial<RosterPlayer> = {}): RosterPlayer => ({
  roster_date: '2026-01-16',
  team_abbr: team,
  player_lookup: lookup,
  player_full_name: lookup.toUpperCase(),
  jersey_number: '5',
  status: 'Active',
  ...changes,
});
const traded = {
  player_lookup: 'a',
  transaction_type: 'Trade',
  transaction_description: 'Boston Celtics received A.',
};
const changes = (before: RosterPlayer[], on: RosterPlayer[]) =>
  rosterChanges({ before, on, movements: [traded] }).map((change) =>
    [
      change.player_lookup,
      change.team_abbr,
      change.change_type,
      change.previous_value,
      change.new_value,
    ].join(' '),
  );

describe('roster changes', () => {
  it('are none where nothing changed', () => {
    expect(changes([player('a', 'BOS')], [player('a', 'BOS')])).toEqual([]);
  });

  it('have who came as added and who went as removed', () => {
    expect(changes([player('a', 'BOS')], [player('b', 'MIA')])).toEqual(['a BOS removed  ', 'b MIA added  ']);
  });

  it('have a man who changed teams once, with where he came from and what the league said', () => {
    const [change, ...others] = rosterChanges({
      before: [player('a', 'MIA')],
      on: [player('a', 'BOS', { jersey_number: '7', status: 'Out' })],
      movements: [traded],
    });
    expect(others).toEqual([]);
    expect(change).toMatchObject({
      team_abbr: 'BOS',
      change_type: 'team_change',
      previous_team_abbr: 'MIA',
      transaction_type: 'Trade',
      transaction_description: 'Boston Celtics received A.',
    });
  });

  it('have status and number, each for itself', () => {
    expect(
      changes([player('a', 'BOS')], [player('a', 'BOS', { status: 'Out', jersey_number: '7' })]),
    ).toEqual(['a BOS status_change Active Out', 'a BOS jersey_change 5 7']);
  });

  it('have a man on two rosters for a day as added, then as removed', () => {
    const both = [player('a', 'MIA'), player('a', 'BOS')];
    expect(changes([player('a', 'MIA')], both)).toEqual(['a BOS added  ']);
    expect(changes(both, [player('a', 'BOS')])).toEqual(['a MIA removed  ']);
  });
});
