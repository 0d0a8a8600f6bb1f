import { ConfigurationError } from '../errors/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';

/** What one processor has of its own, before what its definition says; milliseconds. */
export interface ProcessorSettings {
  readonly timeout?: number | undefined;
  readonly circuit: { readonly failures?: number | undefined; readonly openFor?: number | undefined };
}

/** The same as it is given: a duration is milliseconds or text such as `'30s'`. */
export interface ProcessorOverrides {
  readonly timeout?: Duration | undefined;
  readonly circuit?:
    | { readonly failures?: number | undefined; readonly openFor?: Duration | undefined }
    | undefined;
}

/**
 * A processor's name as settings know it, whatever way it is written: `PlayerGameSummaryProcessor`, `PLAYER_GAME_SUMMARY` and
 * `player-game-summary` are one.
 */
export function processorKey(name: string): string {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return plain.replace(/(?<=.)processor$/, '');
}

/** @throws ConfigurationError naming the field, or the processor that is there twice. */
export function processorSettings(
  overrides: Readonly<Record<string, ProcessorOverrides | undefined>>,
): Readonly<Record<string, ProcessorSettings>> {
  // Without a prototype: a processor may be called `constructor`.
  const settings: Record<string, ProcessorSettings> = Object.create(null);
  for (const [name, given] of Object.entries(overrides)) {
    if (given === undefined) continue;
    const field = `config.processors.${name}`;
    const key = processorKey(name);
    if (key === '' || Object.hasOwn(settings, key))
      throw new ConfigurationError(field, "a processor's name, and each but once", name);
    const { timeout, circuit = {} } = given;
    settings[key] = {
      timeout: optionalDuration(`${field}.timeout`, timeout),
      circuit: {
        failures:
          circuit.failures === undefined ? undefined : count(`${field}.circuit.failures`, circuit.failures),
        openFor: optionalDuration(`${field}.circuit.openFor`, circuit.openFor),
      },
    };
  }
  return settings;
}

/** @throws ConfigurationError unless it is a whole number of at least 1. */
export function count(field: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ConfigurationError(field, 'a whole number of at least 1', value);
  return value;
}

function optionalDuration(field: string, value: Duration | undefined): number | undefined {
  return value === undefined ? undefined : milliseconds(field, value);
}
