import { playerGames } from './nba.ts';
import { graded, source, sources } from './provenance.ts';
import { newest, num, type RawRow, type RawTables, str } from './raw.ts';

const dayNumber = (date: string) =>
  Date.UTC(+date.slice(0, 4), +date.slice(5, 7) - 1, +date.slice(8)) / 864e5;
const dayText = (day: number) => new Date(day * 864e5).toISOString().slice(0, 10);

interface Fixture {
  readonly date: string;
  readonly code: string;
  readonly home: string;
  readonly away: string;
  readonly row: RawRow;
}

/** Every game that was not called off, by day. */
function fixtures(raw: RawTables): Fixture[] {
  return newest(raw['nba_raw.nbac_schedule'] ?? [], ['game_id'])
    .filter(
      (row) => row.is_all_star !== true && !/^(ppd|postponed|cancel)/i.test(String(row.game_status_text)),
    )
    .map((row) => {
      const date = str(row, 'game_date');
      const [home, away] = [str(row, 'home_team_tricode'), str(row, 'away_team_tricode')];
      return { date, home, away, row, code: `${date.split('-').join('')}_${away}_${home}` };
    })
    .sort((a, b) => dayNumber(a.date) - dayNumber(b.date));
}

/** Spread of the home team and total: of DraftKings, or of FanDuel for what DraftKings has not. */
function market(
  raw: RawTables,
  fixture: Fixture,
): { spread: number | null; total: number | null; read: RawRow[] } {
  const offers = (raw['nba_raw.odds_api_game_lines'] ?? []).filter((row) => row.game_id === fixture.code);
  const of = (holds: (row: RawRow) => boolean) => {
    for (const bookmaker of ['draftkings', 'fanduel']) {
      const rows = offers.filter((row) => row.bookmaker_key === bookmaker && holds(row));
      const last = newest(rows, [])[0];
      if (last !== undefined) return last;
    }
    return undefined;
  };
  const spread = of((row) => row.market_key === 'spreads' && row.outcome_name === row.home_team);
  const total = of((row) => row.market_key === 'totals' && row.outcome_name === 'Over');
  return {
    spread: spread === undefined ? null : num(spread, 'outcome_point'),
    total: total === undefined ? null : num(total, 'outcome_point'),
    read: [spread, total].filter((row) => row !== undefined),
  };
}

function report(raw: RawTables, date: string): RawRow[] {
  return newest(
    (raw['nba_raw.nbac_injury_report'] ?? []).filter((row) => row.game_date === date),
    ['player_lookup'],
  );
}

/** Rows of `nba_analytics.upcoming_team_game_context`. */
export function upcomingTeams(raw: RawTables, date: string) {
  const all = fixtures(raw);
  const today = all.filter((game) => game.date === date);
  const injuries = report(raw, date);
  const withSpread = today.filter((game) => market(raw, game).spread !== null).length;
  return today.flatMap((game) =>
    [game.home, game.away].map((team) => {
      const line = market(raw, game);
      const mine = all.filter(({ home, away }) => [home, away].includes(team));
      const past = mine.filter((other) => inDays(other.date, date, -30, -1));
      const next = mine.find((other) => inDays(other.date, date, 1, 7));
      const margins: number[] = [];
      for (const other of past) {
        if (other.row.game_status !== 3) continue;
        const lead = num(other.row, 'home_team_score') - num(other.row, 'away_team_score');
        margins.push(other.home === team ? lead : -lead);
      }
      let streak = 0;
      while (streak < margins.length && margins[margins.length - 1 - streak]! > 0) streak++;
      const rest = past.length === 0 ? null : dayNumber(date) - dayNumber(past[past.length - 1]!.date) - 1;
      const count = (status: string) =>
        injuries.length === 0
          ? null
          : injuries.filter((row) => row.team === team && row.injury_status === status).length;
      return {
        game_date: date,
        team_abbr: team,
        game_id: game.code,
        opponent_team_abbr: team === game.home ? game.away : game.home,
        home_game: team === game.home,
        days_rest: rest,
        back_to_back: rest === 0,
        days_until_next_game: next === undefined ? null : dayNumber(next.date) - dayNumber(date),
        games_in_last_7_days: past.filter((other) => inDays(other.date, date, -7, -1)).length,
        games_in_last_14_days: past.filter((other) => inDays(other.date, date, -14, -1)).length,
        win_streak: streak,
        last_margin: margins.length === 0 ? null : margins[margins.length - 1]!,
        game_spread: line.spread === null ? null : team === game.home ? line.spread : -line.spread,
        game_total: line.total,
        players_out: count('out'),
        players_questionable: count('questionable'),
        ...sources(raw, date, [
          'nba_raw.nbac_schedule',
          'nba_raw.odds_api_game_lines',
          'nba_raw.nbac_injury_report',
        ]),
        ...graded((100 * withSpread) / today.length),
      };
    }),
  );
}

function inDays(date: string, from: string, first: number, last: number): boolean {
  const distance = dayNumber(date) - dayNumber(from);
  return first <= distance && distance <= last;
}

const average = (values: readonly number[]) =>
  values.length === 0 ? null : values.reduce((total, value) => total + value, 0) / values.length;

/** Rows of `nba_analytics.upcoming_player_game_context`. */
export function upcomingPlayers(raw: RawTables, date: string) {
  const today = fixtures(raw).filter((game) => game.date === date);
  const injuries = report(raw, date);
  const props = (raw['nba_raw.odds_api_player_points_props'] ?? []).filter((row) => row.game_date === date);
  const roster = latestRosters(raw, date);
  const days = Array.from({ length: 30 }, (_, index) => dayText(dayNumber(date) - 1 - index));
  // The latest first, as the days are.
  const played = days.flatMap((day) => playerGames(raw, day)).filter((row) => row.is_active);
  const careers = Map.groupBy(played, (row) => row.player_lookup);
  const lined = Map.groupBy(props, (row) => row.player_lookup);
  const lines = today.map((game) => market(raw, game));
  const books = (raw['nba_raw.nbac_gamebook_player_stats'] ?? []).filter((row) =>
    days.includes(str(row, 'game_date')),
  );
  const bestProps = [...lined.values()].map(bestProp);
  const provenance = {
    ...source(
      'nbac_schedule',
      today.map(({ row }) => row),
    ),
    ...source('espn_team_rosters', roster),
    ...source('odds_api_player_points_props', bestProps),
    ...source('player_game_summary', books),
    source_player_game_summary_rows_found: played.length,
    ...source(
      'odds_api_game_lines',
      lines.flatMap(({ read }) => read),
    ),
    source_odds_api_game_lines_rows_found: lines.filter(({ read }) => read.length > 0).length,
    ...source('nbac_injury_report', injuries),
    ...graded(Math.min(100, (100 * bestProps.length) / 20)),
  };
  const ten = (player: unknown) => (careers.get(String(player)) ?? []).slice(0, 10);
  const star = (player: unknown) =>
    (average(ten(player).map((row) => row.points!)) ?? 0) >= 18 ||
    (average(known(ten(player).map((row) => row.minutes_played))) ?? 0) >= 28 ||
    (average(known(ten(player).map((row) => row.usage_rate))) ?? 0) >= 25;
  const statusOf = (player: unknown) =>
    injuries.find((row) => row.player_lookup === player)?.injury_status ?? null;
  return today.flatMap((game, index) =>
    roster
      .filter((row) => row.team_abbr === game.home || row.team_abbr === game.away)
      .map((row) => {
        const player = str(row, 'player_lookup');
        const home = row.team_abbr === game.home;
        const games = careers.get(player) ?? [];
        const rest = games.length === 0 ? null : dayNumber(date) - dayNumber(games[0]!.game_date) - 1;
        const { spread, total } = lines[index]!;
        const offers = lined.get(player);
        return {
          game_date: date,
          player_lookup: player,
          player_name: row.player_full_name,
          game_id: game.code,
          team_abbr: row.team_abbr,
          opponent_team_abbr: home ? game.away : game.home,
          home_game: home,
          has_prop_line: offers !== undefined,
          current_points_line: offers === undefined ? null : num(bestProp(offers), 'points_line'),
          game_spread: spread === null ? null : home ? spread : -spread,
          game_total: total,
          injury_status: statusOf(player),
          days_rest: rest,
          back_to_back: rest === 0,
          games_in_last_7_days: games.filter((one) => inDays(one.game_date, date, -7, -1)).length,
          points_avg_last_5: average(games.slice(0, 5).map((one) => one.points!)),
          points_avg_last_10: average(games.slice(0, 10).map((one) => one.points!)),
          avg_usage_rate_last_7_games: average(known(games.slice(0, 7).map((one) => one.usage_rate))),
          star_teammates_out: roster.filter(
            (other) =>
              other.team_abbr === row.team_abbr &&
              other.player_lookup !== player &&
              statusOf(other.player_lookup) === 'out' &&
              star(other.player_lookup),
          ).length,
          ...provenance,
        };
      }),
  );
}

const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);

function bestProp(offers: readonly RawRow[]): RawRow {
  for (const bookmaker of ['draftkings', 'fanduel']) {
    const [offer] = newest(
      offers.filter((row) => row.bookmaker === bookmaker),
      [],
    );
    if (offer !== undefined) return offer;
  }
  // Of several others at one moment the first by name.
  const [last] = newest(
    offers.toSorted((a, b) => (str(a, 'bookmaker') < str(b, 'bookmaker') ? -1 : 1)),
    [],
  );
  return last!;
}

function latestRosters(raw: RawTables, date: string): RawRow[] {
  const seen = (raw['nba_raw.espn_team_rosters'] ?? []).filter((row) =>
    inDays(str(row, 'roster_date'), date, -7, 0),
  );
  const moment = (row: RawRow) => dayNumber(str(row, 'roster_date')) * 24 + num(row, 'scrape_hour');
  return [...Map.groupBy(seen, (row) => row.team_abbr).values()].flatMap((rows) => {
    const last = Math.max(...rows.map(moment));
    return rows.filter((row) => moment(row) === last);
  });
}

/** Rows of `nba_analytics.roster_history`, for rosters in which nobody is on two teams. */
export function rosterHistory(raw: RawTables, date: string) {
  const on = (day: string) =>
    new Map(
      (raw['nba_raw.espn_team_rosters'] ?? [])
        .filter((row) => row.roster_date === day)
        .map((row) => [str(row, 'player_lookup'), row]),
    );
  const [then, now] = [on(dayText(dayNumber(date) - 1)), on(date)];
  const moves = (raw['nba_raw.nbac_player_movement'] ?? [])
    .filter((row) => inDays(str(row, 'transaction_date'), date, -2, 0))
    .toSorted((a, b) => dayNumber(str(a, 'transaction_date')) - dayNumber(str(b, 'transaction_date')));
  const rows: RawRow[] = [];
  for (const player of new Set([...then.keys(), ...now.keys()])) {
    const [before, after] = [then.get(player), now.get(player)];
    const move = moves.findLast((row) => str(row, 'player_slug').split('-').join('') === player);
    const add = (
      type: string,
      row: RawRow,
      was: RawRow[string],
      is: RawRow[string],
      from: string | null = null,
    ) =>
      rows.push({
        change_date: date,
        player_lookup: player,
        team_abbr: row.team_abbr!,
        change_type: type,
        player_name: row.player_full_name!,
        previous_team_abbr: from,
        previous_value: was!,
        new_value: is!,
        transaction_type: move?.transaction_type ?? null,
        transaction_description: move?.transaction_description ?? null,
      });
    if (before === undefined) add('added', after!, null, null);
    else if (after === undefined) add('removed', before, null, null);
    else if (before.team_abbr !== after.team_abbr)
      add('team_change', after, before.team_abbr!, after.team_abbr!, str(before, 'team_abbr'));
    else {
      if (before.status !== after.status) add('status_change', after, before.status!, after.status!);
      if (before.jersey_number !== after.jersey_number)
        add('jersey_change', after, before.jersey_number!, after.jersey_number!);
    }
  }
  return rows;
}

/** Rows of `nba_analytics.defense_zone_analytics`. */
export function defenseZones(raw: RawTables, date: string) {
  const shots = (raw['nba_raw.bigdataball_play_by_play'] ?? []).filter((row) => row.game_date === date);
  const latest = newest(shots, ['game_id', 'event_sequence']);
  return fixtures(raw)
    .filter((game) => game.date === date && game.row.game_status === 3)
    .flatMap((game) =>
      [game.home, game.away].map((team) => {
        const opponent = team === game.home ? game.away : game.home;
        const against = latest.filter((row) => row.game_id === game.code && row.team === opponent);
        const twos = against.filter((row) => row.shot_type === '2PT' && row.shot_distance !== null);
        const feet = (low: number, high: number) =>
          twos.filter((row) => low < num(row, 'shot_distance') && num(row, 'shot_distance') <= high);
        const rim = feet(-1, 4);
        const zone = (name: string, rows: readonly RawRow[]) => {
          const makes = rows.filter((row) => row.shot_made === true).length;
          return {
            [`${name}_attempts_allowed`]: rows.length,
            [`${name}_makes_allowed`]: makes,
            [`${name}_pct_allowed`]: rows.length === 0 ? null : makes / rows.length,
          };
        };
        const blocked = rim.filter((row) => row.block !== null).length;
        return {
          game_date: date,
          team_abbr: team,
          game_id: game.code,
          opponent_team_abbr: opponent,
          home_game: team === game.home,
          ...zone(
            'three_pt',
            against.filter((row) => row.shot_type === '3PT'),
          ),
          ...zone('rim', rim),
          ...zone('paint', feet(4, 8)),
          ...zone('mid_range', feet(8, 99)),
          rim_blocks: blocked,
          rim_protection: rim.length === 0 ? null : blocked / rim.length,
          ...sources(raw, date, ['nba_raw.nbac_schedule', 'nba_raw.bigdataball_play_by_play']),
          ...graded(100),
        };
      }),
    );
}
