import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSeason } from '../../season/index.ts';

export type Rows = readonly Readonly<Record<string, unknown>>[];

/** A folder that goes when its user does. */
export function temporaryFolder(): Disposable & { readonly path: string; in(...names: string[]): string } {
  const path = mkdtempSync(join(tmpdir(), 'breakwater-start-'));
  return {
    path,
    in: (...names) => join(path, ...names),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Writes tables as a slate folder has them. */
export function writeSlate(folder: string, tables: Readonly<Record<string, Rows>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [table, rows] of Object.entries(tables))
    writeFileSync(join(folder, `${table}.ndjson`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** A folder's NDJSON files as text, by table. */
export function filesIn(folder: string): Readonly<Record<string, string>> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return Object.fromEntries(
    names.map((name) => [name.replace(/\.ndjson$/, ''), readFileSync(join(folder, name), 'utf8')]),
  );
}

/** The rows of an NDJSON text. */
export function rowsOf(text: string | undefined): Rows {
  const lines = (text ?? '').split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Rows[number]);
}

/** Two games of a made-up opening night, without a gamebook. */
export function openingNight() {
  const season = generateSeason({ seed: 7, sport: 'nba', games: 2 });
  const date = season.dates[0]!;
  const names = [
    'nba_raw.nbac_schedule',
    'nba_raw.nbac_team_boxscore',
    'nba_raw.nbac_player_boxscores',
    'nba_raw.odds_api_player_points_props',
  ];
  return { date, tables: Object.fromEntries(names.map((name) => [name, season.rows(name, date)])) };
}
