export { type LocalState, type LocalStateOptions, localState } from './state.ts';
