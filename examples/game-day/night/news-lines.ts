import pc from 'picocolors';
import { type Board, nameOf, type Progress, standingOf } from './board.ts';
import { easternTime } from './eastern-time.ts';
import type { NightEvent } from './events.ts';

/** What an event is worth in lines; most are worth none. */
export function newsLines(event: NightEvent, board: Board): readonly string[] {
  const line = (what: string, text: string) => [`${pc.dim(easternTime(event.at))}  ${what}  ${text}`];
  switch (event.kind) {
    case 'triggered':
      return line(label('trigger', pc.magenta), `asks for all four processors, ${event.when}`);
    case 'landed':
      if (!board.advanced) return [];
      return line(
        label('landed', pc.blue),
        pc.dim(`NBA ${progressText(board.nba)} · MLB ${progressText(board.mlb)}`),
      );
    case 'ended': {
      const { colour, status, detail } = standingOf(event.result, event.at);
      return line(label(status, pc[colour]), `${nameOf(event.result.processor)}: ${detail}`);
    }
    case 'said':
      return line(label('note', pc.magenta), event.message);
    default:
      return [];
  }
}

export function progressText({ games, final, landed }: Progress): string {
  return [`${final} of ${games} final`, ...landed.map((part) => `${part.games} ${part.what}`)].join(', ');
}

function label(text: string, colour: (text: string) => string): string {
  return colour(text.padEnd(9));
}
