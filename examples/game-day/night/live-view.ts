import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import type { Row } from '../../season/index.ts';
import { Board, type Progress, type Standing } from './board.ts';
import { easternDay, easternTime } from './eastern-time.ts';
import type { NightEvent } from './events.ts';
import { newsLines, progressText } from './news-lines.ts';
import type { NightSlate } from './slate-of-the-night.ts';

/** Shows the night while it passes. */
export interface NightView {
  take(event: NightEvent, slate: NightSlate): void;
  /** Takes the live part away; the news stay. */
  end(): void;
}

/** On a terminal a board that changes in place, under the news; elsewhere the news alone, as plain lines. */
export function nightView(out: NodeJS.WriteStream): NightView {
  let board: Board | undefined;
  const update = out.isTTY ? createLogUpdate(out) : undefined;
  return {
    take(event, slate) {
      board ??= new Board(slate);
      board.take(event);
      const lines = newsLines(event, board);
      if (update === undefined) {
        for (const line of lines) out.write(`${line}\n`);
        return;
      }
      // On the board already.
      if (lines.length > 0 && event.kind !== 'landed') update.persist(lines.join('\n'));
      update(boardText(board));
    },
    end() {
      update?.clear();
      update?.done();
    },
  };
}

function boardText(board: Board): string {
  const { slate, at, nba, mlb, standings, beats, looks } = board;
  return [
    '',
    `  ${pc.bold(easternTime(at))}  ${pc.dim(`${easternDay(slate.startsAt)}, New York · seed ${slate.seed}`)}`,
    '',
    `  ${pc.bold('NBA')}  ${bar(nba)}  ${progressText(nba)}`,
    ...scoreLines(slate, at),
    `  ${pc.bold('MLB')}  ${bar(mlb)}  ${progressText(mlb)}`,
    '',
    ...[...standings.values()].map(standingLine),
    '',
    `  ${pc.dim(`heartbeats: ${[...beats].map(([sink, count]) => `${sink} ${count}`).join(', ')} · sweeps ${looks}`)}`,
  ].join('\n');
}

function bar({ games, final }: Progress): string {
  const width = 28;
  const done = Math.round((width * final) / Math.max(1, games));
  return pc.green('█'.repeat(done)) + pc.dim('░'.repeat(width - done));
}

/** Three games a line, as the league shows them at the moment. */
function scoreLines({ nba, date }: NightSlate, at: number): string[] {
  const cells = nba.rows('nba_raw.nbac_schedule', date, { at }).map(score);
  return Array.from(
    { length: Math.ceil(cells.length / 3) },
    (_, line) => `       ${cells.slice(3 * line, 3 * line + 3).join('   ')}`,
  );
}

function score(game: Row): string {
  const points = (value: unknown) => String(value ?? '').padStart(3);
  const text = `${game.away_team_tricode} ${points(game.away_team_score)} @ ${game.home_team_tricode} ${points(game.home_team_score)}`;
  if (game.game_status === 3) return `${text} ${pc.green('F')}`;
  return game.game_status === 2 ? `${text} ${pc.yellow('•')}` : pc.dim(`${text}  `);
}

function standingLine({ name, colour, status, detail }: Standing): string {
  return `  ${name.padEnd(24)} ${pc[colour](status.padEnd(10))} ${detail}`;
}
