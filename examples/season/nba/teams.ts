export interface Team {
  readonly abbr: string;
  readonly name: string;
  readonly arena: string;
  /** Divisions 0 to 2 are the east, 3 to 5 the west. */
  readonly division: number;
  /** Hours that its clocks are behind New York's. */
  readonly behind: number;
}

/** The league's teams, division by division. */
export const teams: readonly Team[] = [
  ['BOS', 'Boston Celtics', 'TD Garden', 0],
  ['BKN', 'Brooklyn Nets', 'Barclays Center', 0],
  ['NYK', 'New York Knicks', 'Madison Square Garden', 0],
  ['PHI', 'Philadelphia 76ers', 'Wells Fargo Center', 0],
  ['TOR', 'Toronto Raptors', 'Scotiabank Arena', 0],
  ['CHI', 'Chicago Bulls', 'United Center', 1],
  ['CLE', 'Cleveland Cavaliers', 'Rocket Arena', 0],
  ['DET', 'Detroit Pistons', 'Little Caesars Arena', 0],
  ['IND', 'Indiana Pacers', 'Gainbridge Fieldhouse', 0],
  ['MIL', 'Milwaukee Bucks', 'Fiserv Forum', 1],
  ['ATL', 'Atlanta Hawks', 'State Farm Arena', 0],
  ['CHA', 'Charlotte Hornets', 'Spectrum Center', 0],
  ['MIA', 'Miami Heat', 'Kaseya Center', 0],
  ['ORL', 'Orlando Magic', 'Kia Center', 0],
  ['WAS', 'Washington Wizards', 'Capital One Arena', 0],
  ['DEN', 'Denver Nuggets', 'Ball Arena', 2],
  ['MIN', 'Minnesota Timberwolves', 'Target Center', 1],
  ['OKC', 'Oklahoma City Thunder', 'Paycom Center', 1],
  ['POR', 'Portland Trail Blazers', 'Moda Center', 3],
  ['UTA', 'Utah Jazz', 'Delta Center', 2],
  ['GSW', 'Golden State Warriors', 'Chase Center', 3],
  ['LAC', 'LA Clippers', 'Intuit Dome', 3],
  ['LAL', 'Los Angeles Lakers', 'Crypto.com Arena', 3],
  ['PHX', 'Phoenix Suns', 'PHX Arena', 2],
  ['SAC', 'Sacramento Kings', 'Golden 1 Center', 3],
  ['DAL', 'Dallas Mavericks', 'American Airlines Center', 1],
  ['HOU', 'Houston Rockets', 'Toyota Center', 1],
  ['MEM', 'Memphis Grizzlies', 'FedExForum', 1],
  ['NOP', 'New Orleans Pelicans', 'Smoothie King Center', 1],
  ['SAS', 'San Antonio Spurs', 'Frost Bank Center', 1],
].map(([abbr, name, arena, behind], index) => ({
  abbr: String(abbr),
  name: String(name),
  arena: String(arena),
  division: Math.floor(index / 5),
  behind: Number(behind),
}));
