import { storeContract } from '../../test/contracts/store-contract.ts';
import { VirtualClock } from '../testing/index.ts';
import { memoryStore } from './memory-store.ts';

storeContract('the in-memory store', () => {
  const clock = new VirtualClock();
  const store = memoryStore({ clock });
  return { store, other: store, advance: (duration) => clock.advance(duration) };
});
