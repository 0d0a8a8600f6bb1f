import type { CallOptions, DateRange, Run } from 'breakwater';
import { extractions, type PlayerContextDay } from './player-context-sources.ts';
import { UpcomingPlayerGameContext } from './upcoming-player-game-context.ts';

/** How long one extraction may take. */
const extractionTime = '300s';

/**
 * The same work as its sync twin, its six extractions at once. It declares the same processor, so the two share key, claim,
 * circuit and heartbeat: while one is at work the other is told so.
 */
export class AsyncUpcomingPlayerGameContext extends UpcomingPlayerGameContext {
  protected override async extract(run: Run<DateRange>): Promise<PlayerContextDay> {
    // The first that fails takes the others with it: nothing goes on for a run that has ended.
    const others = new AbortController();
    const read = async <Rows>(
      name: string,
      extraction: (run: Run<DateRange>, call: CallOptions) => Promise<Rows>,
    ): Promise<Rows> => {
      try {
        return await run.step(name, () =>
          extraction(run, { signal: others.signal, timeout: extractionTime }),
        );
      } catch (error) {
        others.abort(error);
        throw error;
      }
    };
    const [games, roster, pointsLines, played, lines, injuries] = await Promise.all([
      read('read schedule', extractions.games),
      read('read rosters', extractions.roster),
      read('read points lines', extractions.pointsLines),
      read('read games played', extractions.played),
      read('read game lines', extractions.lines),
      read('read injuries', extractions.injuries),
    ]);
    return { date: run.date, games, roster, pointsLines, played, lines, injuries };
  }
}
