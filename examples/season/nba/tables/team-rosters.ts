import { addDays, eastern, timestamp } from '../../days.ts';
import { between, chance, shuffled, stream } from '../../random.ts';
import type { Row, Table } from '../../season.ts';
import type { NbaLeague } from '../league.ts';
import { rosterSize } from '../players.ts';
import { type Team, teams } from '../teams.ts';

/** Every team's roster as it is read each morning at eight, whole. */
export const teamRosters: Table<NbaLeague> = {
  name: 'nba_raw.espn_team_rosters',
  rows(league, date, at) {
    const readAt = eastern(date, scrapeHour * 60 + 4);
    if (at < readAt || date < addDays(league.startDate, -1) || date > league.endDate) return [];
    return teams.flatMap((team, index) => rosterRows(league, team, index, date, timestamp(readAt)));
  },
};

const scrapeHour = 8;

function rosterRows(league: NbaLeague, team: Team, index: number, date: string, processedAt: string): Row[] {
  const numbers = jerseyNumbers(league.seed, team);
  const row = (name: string, lookup: string, position: string, jersey: number, status: string): Row => ({
    roster_date: date,
    scrape_hour: scrapeHour,
    team_abbr: team.abbr,
    player_lookup: lookup,
    player_full_name: name,
    jersey_number: String(jersey),
    position,
    status,
    processed_at: processedAt,
  });
  const contracted = league
    .roster(index, date)
    .map((player, depth) =>
      row(
        player.name,
        player.lookup,
        player.position,
        numbers[changesNumber(league, team, depth, date) ? depth + rosterSize + 1 : depth]!,
        statusOf(league.absence(player, date)),
      ),
    );
  const forTenDays = league.signings
    .filter(({ team, from, until }) => team === index && from <= date && date < until)
    .map(({ name, lookup }) => row(name, lookup, 'F', numbers[rosterSize]!, 'Active'));
  return [...contracted, ...forTenDays];
}

function jerseyNumbers(seed: number, team: Team): readonly number[] {
  return shuffled(
    stream(seed, 'nba jerseys', team.abbr),
    Array.from({ length: 56 }, (_, number) => number),
  );
}

/** One in thirty takes another number in mid-season. */
function changesNumber({ seed, startDate }: NbaLeague, team: Team, depth: number, date: string): boolean {
  const random = stream(seed, 'nba jersey', team.abbr, depth);
  return chance(random, 1 / 30) && date >= addDays(startDate, between(random, 10, 160));
}

function statusOf(absence: string | undefined): string {
  if (absence === undefined || absence.startsWith('G League')) return 'Active';
  if (absence.includes('Suspension')) return 'Suspended';
  return absence.includes('Soreness') || absence.endsWith('; Illness') ? 'Day-To-Day' : 'Out';
}
