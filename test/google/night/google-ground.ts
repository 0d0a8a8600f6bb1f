import type { Ground, NightParts } from '../../../examples/game-day/night/ground.ts';
import { heldSink, heldWarehouse } from '../../../examples/game-day/night/held.ts';
import type { Store } from '../../../src/store/index.ts';
import type { VirtualClock } from '../../../src/testing/index.ts';
import { type Clock, realClock } from '../../../src/time/index.ts';
import { type GoogleServices, startGoogleServices } from '../../emulators/google-services.ts';

/**
 * Google's services for a night: what `createGoogleContext` makes, as it is, on servers that tell the night's time. While one of
 * them is asked something the night stands still; how long that takes is measured by the machine's clock.
 */
export async function googleGround({ clock, random, logger }: NightParts): Promise<
  Ground & {
    readonly services: GoogleServices;
  }
> {
  const services = await startGoogleServices(() => clock.wallNow());
  const ofClients: Clock = { ...realClock, wallNow: () => clock.wallNow() };
  const google = services.context({
    clock: ofClients,
    random,
    logger,
    timeouts: { store: '30s', sink: '15s', bigquery: '10m', storage: '60s' },
  });
  const sinks = google.heartbeats.sinks.map((sink) => heldSink(sink, clock));
  return {
    services,
    context: {
      ...google,
      clock,
      bigquery: heldWarehouse(google.bigquery, clock),
      store: heldStore(google.store, clock),
      heartbeats: { ...google.heartbeats, sinks },
    },
    async close() {
      await google.close();
      await services.close();
    },
  };
}

function heldStore(store: Store, clock: VirtualClock): Store {
  return {
    collection(definition) {
      const held = store.collection(definition);
      return {
        get: (...call) => clock.hold(held.get(...call)),
        put: (...call) => clock.hold(held.put(...call)),
        delete: (...call) => clock.hold(held.delete(...call)),
        list: (...call) => clock.hold(held.list(...call)),
      };
    },
  };
}
