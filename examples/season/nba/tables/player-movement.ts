import { addDays, eastern } from '../../days.ts';
import type { Row, Table } from '../../season.ts';
import type { NbaLeague } from '../league.ts';
import { teams } from '../teams.ts';

/** The league's transactions: a trade is known the evening before the players are with their new teams. */
export const playerMovement: Table<NbaLeague> = {
  name: 'nba_raw.nbac_player_movement',
  rows(league, date, at) {
    if (at < eastern(date, 20 * 60)) return [];
    const traded = league.trades
      .filter((trade) => addDays(trade.date, -1) === date)
      .flatMap(({ teams: [one, other], depth, date: day }) => [
        trade(league, one, other, depth, day),
        trade(league, other, one, depth, day),
      ]);
    const signed = league.signings
      .filter(({ from }) => from === date)
      .map(({ team, name }) =>
        row('Signing', date, `${teams[team]!.name} signed forward ${name} to a 10-Day Contract.`, team, name),
      );
    const waived = league.signings
      .filter(({ until }) => until === date)
      .map(({ team, name }) =>
        row('Waive', date, `${teams[team]!.name} did not sign forward ${name} again.`, team, name),
      );
    return [...traded, ...signed, ...waived];
  },
};

function trade(league: NbaLeague, to: number, from: number, depth: number, day: string): Row {
  const { name } = league.roster(to, day)[depth]!;
  const text = `${teams[to]!.name} received ${name} from the ${teams[from]!.name}.`;
  return row('Trade', addDays(day, -1), text, to, name);
}

function row(type: string, date: string, text: string, team: number, name: string): Row {
  return {
    transaction_type: type,
    transaction_date: date,
    transaction_description: text,
    team_id: teamId(team),
    player_slug: slugOf(name),
  };
}

// The league numbers its teams in the order in which it took them in.
const numbered =
  'ATL BOS CLE NOP CHI DAL DEN GSW HOU LAC LAL MIA MIL MIN BKN NYK ORL IND PHI PHX POR SAC SAS OKC TOR UTA MEM WAS DET CHA'.split(
    ' ',
  );

function teamId(team: number): number {
  return 1_610_612_737 + numbered.indexOf(teams[team]!.abbr);
}

/** `T.J. O'Dell Jr.` is `tj-odell-jr`. */
function slugOf(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[^a-z -]/gi, '')
    .replaceAll(' ', '-')
    .toLowerCase();
}
