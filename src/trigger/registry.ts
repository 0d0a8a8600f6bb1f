import { type Context, processorKey } from '../context/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import type { ProcessorDefinition, RunBase } from '../processor/index.ts';

/** A processor's class: made with the context alone, and declared. */
export interface ProcessorClass {
  // The options differ from class to class; each parses its own.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  new (context: Context): RunBase<any>;
  readonly processor: ProcessorDefinition;
}

/** The processors that a dispatcher may start, by declared name and by output. */
export interface Registry {
  readonly all: readonly RegisteredProcessor[];
  /** @throws ConfigurationError naming those there are. */
  byName(name: string): RegisteredProcessor;
  find(name: string): RegisteredProcessor | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: each processor parses its own options
export type RegisteredProcessor = RunBase<any>;

/** @throws ConfigurationError for two processors of one name. */
export function registry(classes: readonly ProcessorClass[], context: Context): Registry {
  const byName = new Map<string, RegisteredProcessor>();
  for (const Class of classes) {
    const processor = new Class(context);
    const { name } = processor.definition;
    if (byName.has(name)) throw new ConfigurationError('processors', 'a list without two of one name', name);
    byName.set(name, processor);
  }
  warnOfUnknown(byName.keys(), context);
  return {
    all: [...byName.values()],
    find: (name) => byName.get(name),
    byName(name) {
      const processor = byName.get(name);
      if (processor === undefined)
        throw new ConfigurationError('processor', `one of ${[...byName.keys()].join(', ')}`, name);
      return processor;
    },
  };
}

/** Settings of a processor that is none of these: another service's, or a name that is spelt wrongly. */
function warnOfUnknown(names: Iterable<string>, { config, logger }: Context): void {
  const known = new Set([...names].map(processorKey));
  const unknown = Object.keys(config.processors).filter((key) => !known.has(key));
  if (unknown.length > 0)
    logger.warn(`there are settings for processors that are not here: ${unknown.join(', ')}`, { unknown });
}
