export * from './clients/index.ts';
export { type Config, type ConfigOverrides, type Context, config } from './context/index.ts';
export * from './policy/index.ts';
export * from './processor/index.ts';
