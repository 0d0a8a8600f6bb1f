import { type ConfigOverrides, processorKey } from '../../context/index.ts';

/** Settings of two sources, field by field: what the second says goes before what the first says. */
export function mergedConfig(first: ConfigOverrides, second: ConfigOverrides): ConfigOverrides {
  const { processors: own = {}, ...rest } = second;
  const names = new Map(Object.keys(own).map((name) => [processorKey(name), name]));
  const renamed = Object.fromEntries(
    Object.entries(first.processors ?? {}).map(([name, settings]) => [
      names.get(processorKey(name)) ?? name,
      settings,
    ]),
  );
  return { ...merged(first, rest), processors: merged(renamed, own) };
}

function merged<T extends object>(first: T, second: T): T {
  const result = { ...first } as Record<string, unknown>;
  for (const [name, value] of Object.entries(second) as [string, unknown][]) {
    const before = result[name];
    if (isRecord(before) && isRecord(value)) result[name] = merged(before, value);
    else if (value !== undefined) result[name] = value;
  }
  return result as T;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
