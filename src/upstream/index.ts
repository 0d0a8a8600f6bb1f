export type { Dependency, UpstreamAnswer } from './answer.ts';
export type { UpstreamCheck } from './check.ts';
export type { AskOptions, UpstreamReader, UpstreamRequest } from './reader.ts';
