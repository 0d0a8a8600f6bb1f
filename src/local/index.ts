export { type LocalObjects, type LocalObjectsOptions, localObjects } from './objects.ts';
export { type LocalState, type LocalStateOptions, localState } from './state.ts';
