export type { Config, ConfigOverrides } from './config.ts';
export { config } from './config.ts';
export type { Context } from './context.ts';
