import { type Context, mixinsOf, ProcessorBase, type RunClass } from 'breakwater';
import type { ProcessorClass } from 'breakwater/trigger';
import type { UpstreamCheck } from 'breakwater/upstream';
import { PlayerFeatures } from './predictions/player-features.ts';
import { PlayerPredictions } from './predictions/player-predictions.ts';
import { allProcessors } from './processors/index.ts';

/** Any processor's class; its options are those that `optionsOn` gives. */
export type AnyProcessor = ProcessorClass & RunClass & { readonly name: string };

/** The ten, and the two that precompute. */
export const everyProcessor: readonly AnyProcessor[] = [...allProcessors, PlayerFeatures, PlayerPredictions];

/** The options that make the processor run on one date: of a range, or of an analysis date. */
export function optionsOn(date: string) {
  return { startDate: date, endDate: date, analysisDate: date };
}

export const patterns = [
  'circuit',
  'upstream check',
  'time-out',
  'heartbeat',
  'lease',
  'idempotent output',
  'run record',
] as const;
export type Pattern = (typeof patterns)[number];

/** What a class has of each pattern, read from the class itself; undefined for what it lacks. */
export function patternsOf(
  Processor: AnyProcessor,
  context: Context,
): Readonly<Record<Pattern, string | undefined>> {
  const processor = new Processor(context);
  const { definition } = processor;
  const { circuit, processor: usual } = context.config;
  const has = (mixin: string, text: string) => (mixinsOf(Processor).includes(mixin) ? text : undefined);
  const minutes = (milliseconds: number) => `${milliseconds / 60_000} min`;
  const checks = processor.upstream(optionsOn('2026-01-15'));
  const timeout = definition.timeout ?? usual.timeout;
  const usualLoad =
    (processor as unknown as { load?: unknown }).load ===
    (ProcessorBase.prototype as unknown as { load: unknown }).load;
  return {
    circuit: has(
      'withCircuitBreaker',
      `${definition.circuit.failures ?? circuit.failures} failures, ${minutes(definition.circuit.openFor ?? circuit.openFor)}`,
    ),
    'upstream check':
      checks.length === 0 ? undefined : has('withUpstreamCheck', [...tablesOf(checks)].join(', ')),
    'time-out': has('withTimeout', minutes(timeout)),
    heartbeat: has('withHeartbeat', `${context.config.heartbeat.interval / 1_000} s`),
    // The claim and the record are the base's, for whatever is run by it.
    lease: minutes(timeout + usual.grace + 60_000),
    'idempotent output':
      usualLoad && definition.key.includes(definition.partition)
        ? `by ${definition.partition}, fenced`
        : undefined,
    'run record': 'one a run',
  };
}

/** The table of the guide, a line a processor. */
export function parityTable(context: Context): string {
  const lines = everyProcessor.map((Processor) => {
    const cells = patternsOf(Processor, context);
    return `| ${Processor.name} | ${patterns.map((pattern) => cells[pattern] ?? '–').join(' | ')} |`;
  });
  return [`| processor | ${patterns.join(' | ')} |`, `|${'---|'.repeat(patterns.length + 1)}`, ...lines].join(
    '\n',
  );
}

function tablesOf(checks: readonly UpstreamCheck[]): ReadonlySet<string> {
  return new Set(checks.flatMap(({ tables }) => tables.map((table) => table.split('.')[1]!)));
}
