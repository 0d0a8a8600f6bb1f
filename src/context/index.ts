export type { Config, ConfigOverrides } from './config.ts';
export { config, settingsFor } from './config.ts';
export type { Context } from './context.ts';
export { type ProcessorOverrides, type ProcessorSettings, processorKey } from './processor-settings.ts';
export { type PushDeadlines, type PushOverrides, pushRecordingTime } from './push-deadlines.ts';
