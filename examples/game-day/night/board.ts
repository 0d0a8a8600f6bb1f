import type { Beat, RunResult } from 'breakwater';
import { cast } from './cast.ts';
import type { NightEvent } from './events.ts';
import { easternTime } from './eastern-time.ts';
import type { NightSlate } from './slate-of-the-night.ts';

/** How far a sport's night is: of how many games the tables know that they are over, and what has landed of them. */
export interface Progress {
  readonly games: number;
  readonly final: number;
  readonly landed: readonly { readonly what: string; readonly games: number }[];
}

export interface Standing {
  readonly name: string;
  readonly colour: 'green' | 'yellow' | 'red' | 'cyan' | 'dim';
  readonly status: string;
  readonly detail: string;
}

/** What is known at this moment of the night, for whoever shows it. */
export class Board {
  readonly slate: NightSlate;
  at: number;
  nba: Progress;
  mlb: Progress;
  /** By output, which is what parked keys begin with. */
  readonly standings = new Map<string, Standing>();
  readonly beats = new Map<string, number>();
  looks = 0;
  /** Whether the last event has brought a sport forward. */
  advanced = false;

  constructor(slate: NightSlate) {
    this.slate = slate;
    this.at = slate.startsAt;
    this.nba = basketball(slate, this.at);
    this.mlb = baseball(slate, this.at);
    for (const { processor } of cast)
      this.standings.set(processor.output, {
        name: nameOf(processor.name),
        colour: 'dim',
        status: 'idle',
        detail: '',
      });
  }

  take(event: NightEvent): void {
    this.at = event.at;
    this.advanced = false;
    switch (event.kind) {
      case 'landed':
        this.#land();
        break;
      case 'looked':
        this.looks += 1;
        for (const { key, missing } of event.waiting) {
          const known = this.standings.get(outputOf(key));
          if (known !== undefined)
            this.standings.set(outputOf(key), { ...known, detail: shortened(missing) });
        }
        break;
      case 'beat': {
        const sink = event.sink ?? 'lost';
        this.beats.set(sink, (this.beats.get(sink) ?? 0) + 1);
        if (event.beat.status === 'running') this.#stand(event.beat, atWork(event.beat, sink));
        break;
      }
      case 'ended':
        this.#stand(event.result, standingOf(event.result, event.at));
        break;
      default:
    }
  }

  #land() {
    const [nba, mlb] = [basketball(this.slate, this.at), baseball(this.slate, this.at)];
    this.advanced = JSON.stringify([nba, mlb]) !== JSON.stringify([this.nba, this.mlb]);
    [this.nba, this.mlb] = [nba, mlb];
  }

  #stand(
    { processor, key }: { readonly processor: string; readonly key: string },
    standing: Omit<Standing, 'name'>,
  ) {
    this.standings.set(outputOf(key), { name: nameOf(processor), ...standing });
  }
}

/** A processor's name without what all of them end in. */
export function nameOf(processor: string): string {
  return processor.replace(/Processor$/, '');
}

/** The first thing that is missing, without the table and the games' names. */
export function shortened([first = '']: readonly string[]): string {
  return first.replace(/^[\w. ]+: /, '').replace(/ \(missing .*\)$/, '');
}

export function standingOf(result: RunResult, at: number): Omit<Standing, 'name'> {
  const took = `${(result.durationMs / 1_000).toFixed(1)} s`;
  switch (result.status) {
    case 'succeeded':
      return {
        colour: 'green',
        status: 'done',
        detail: `${result.stats.rowsWritten} rows in ${took}, attempt ${result.attempt}`,
      };
    case 'skipped':
      if (result.reason === 'upstream_not_ready')
        return { colour: 'yellow', status: 'parked', detail: shortened(result.missing) };
      if (result.reason === 'circuit_open')
        return {
          colour: 'yellow',
          status: 'parked',
          detail: `the circuit is open until ${easternTime(at + (result.retryAfter ?? 0))}`,
        };
      return {
        colour: 'dim',
        status: result.reason === 'already_done' ? 'no need' : 'skipped',
        detail: result.reason,
      };
    case 'failed':
      return {
        colour: 'red',
        status: 'failed',
        detail: `${result.reason}, ${result.errorKind}; attempt ${result.attempt}`,
      };
    case 'timed_out': {
      const step = result.steps.at(-1)?.name ?? 'the start';
      return {
        colour: 'red',
        status: 'timed out',
        detail: `at ${step} after ${took}; attempt ${result.attempt}`,
      };
    }
    default:
      return { colour: 'yellow', status: result.status, detail: result.reason };
  }
}

function atWork({ step, sequence }: Beat, sink: string): Omit<Standing, 'name'> {
  return {
    colour: 'cyan',
    status: 'running',
    detail: `${step ?? 'starts'} · heartbeat ${sequence} in ${sink}`,
  };
}

function outputOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

function basketball(slate: NightSlate, at: number): Progress {
  const { nba, date } = slate;
  const rows = (table: string) => nba.rows(table, date, { at });
  return {
    games: nba.games(date).length,
    final: rows('nba_raw.nbac_schedule').filter((row) => row.game_status === 3).length,
    landed: [
      { what: 'box scores', games: gamesIn(rows('nba_raw.nbac_player_boxscores'), 'game_id') },
      { what: 'gamebooks', games: gamesIn(rows('nba_raw.nbac_gamebook_player_stats'), 'game_id') },
    ],
  };
}

function baseball(slate: NightSlate, at: number): Progress {
  const { mlb, date } = slate;
  const over = mlb
    .rows('mlb_raw.mlb_schedule', date, { at })
    .filter(({ status_detailed: status }) => status === 'Final' || status === 'Completed Early');
  return {
    games: mlb.games(date).length,
    final: over.length,
    landed: [
      {
        what: 'box scores',
        games: gamesIn(mlb.rows('mlb_raw.mlbapi_batter_stats', date, { at }), 'game_pk'),
      },
    ],
  };
}

function gamesIn(rows: readonly Readonly<Record<string, unknown>>[], id: string): number {
  return new Set(rows.map((row) => row[id])).size;
}
