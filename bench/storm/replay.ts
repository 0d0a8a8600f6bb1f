import { calibrated, recorded } from './assumptions.ts';
import { rankCorrelation, type WorldFigures } from './figures.ts';
import { type NewWorldFigures, newWorld } from './new-world.ts';
import { oldWorld } from './old-worlds.ts';
import { type StoreOperations, storeOperations } from './operations.ts';

export interface Replay {
  readonly worlds: {
    readonly asItWas: WorldFigures;
    readonly template: WorldFigures;
    readonly breakwater: NewWorldFigures & {
      /** The same day when nobody tells of new rows, and the sweeps find them. */
      readonly secondsFromDataToOutputBySchedule: number | null;
    };
  };
  readonly fit: Fit;
  readonly constants: typeof calibrated;
  readonly storeOperations: StoreOperations;
}

/** How well the first world resembles the record. */
export interface Fit {
  readonly recordedStarts: number;
  readonly starts: number;
  /** Within ten per cent. */
  readonly totalIsMet: boolean;
  readonly rankCorrelation: number;
}

export async function replay(): Promise<Replay> {
  const asItWas = await oldWorld('asItWas');
  const template = await oldWorld('template');
  const breakwater = await newWorld();
  const untold = await newWorld({ publisherTells: false });
  return {
    worlds: {
      asItWas,
      template,
      breakwater: { ...breakwater, secondsFromDataToOutputBySchedule: untold.secondsFromDataToOutput },
    },
    fit: {
      recordedStarts: recorded.starts,
      starts: asItWas.starts,
      totalIsMet: Math.abs(asItWas.starts / recorded.starts - 1) <= 0.1,
      rankCorrelation: rankCorrelation(asItWas.startsByHour, recorded.startsByHour),
    },
    constants: calibrated,
    storeOperations: await storeOperations(),
  };
}
