export interface Team {
  readonly abbr: string;
  /** Divisions 0 to 2 are the American League, 3 to 5 the National. The n-th teams of both leagues are rivals. */
  readonly division: number;
  /** Hours that its clocks are behind New York's. */
  readonly behind: number;
  /** Whether rain can stop a game there. */
  readonly open: boolean;
}

const divisions = [
  'NYY:0 BOS:0 TOR:0:roof BAL:0 TB:0',
  'CLE:0 CWS:1 DET:0 KC:1 MIN:1',
  'LAA:3 HOU:1:roof SEA:3:roof TEX:1:roof ATH:3',
  'NYM:0 ATL:0 PHI:0 WSH:0 MIA:0:roof',
  'CIN:0 CHC:1 PIT:0 STL:1 MIL:1:roof',
  'LAD:3 SD:3 SF:3 ARI:2:roof COL:2',
];

/** The league's teams, division by division. */
export const teams: readonly Team[] = divisions.flatMap((division, index) =>
  division.split(' ').map((team) => {
    const [abbr, behind, roof] = team.split(':');
    return { abbr: abbr!, division: index, behind: Number(behind), open: roof === undefined };
  }),
);
