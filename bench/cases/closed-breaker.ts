import { circuitBreaker } from 'breakwater/policy';
import * as cockatiel from 'cockatiel';
import { BreakerState, Circuit, SlidingCountBreaker } from 'mollitia';
import Opossum from 'opossum';
import { type Case, caught, failing, operation } from '../case.ts';

/** One that never opens by itself: at a threshold of 100 it looks at no rate. */
function mollitiaBreaker(state = BreakerState.CLOSED): Circuit {
  const breaker = new SlidingCountBreaker({ state, openStateDelay: 3_600_000, failureRateThreshold: 100 });
  return new Circuit({ options: { modules: [breaker] } });
}

export const closedBreaker: Case = {
  name: 'closed breaker, success',
  bare: operation,
  most: { ratio: 2, bytes: 400 },
  variants() {
    const ours = circuitBreaker({ name: 'bench' });
    const theirs = cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new cockatiel.ConsecutiveBreaker(5),
    });
    const opossum = new Opossum(operation, { timeout: false });
    const mollitia = mollitiaBreaker().fn(operation);
    return [
      { name: 'breakwater', call: () => ours.execute(operation) },
      { name: 'cockatiel', call: () => theirs.execute(operation) },
      { name: 'opossum', call: () => opossum.fire(), end: () => opossum.shutdown() },
      { name: 'mollitia', call: () => mollitia.execute() },
    ];
  },
};

export const failingCall: Case = {
  name: 'closed breaker, failing call',
  bare: () => caught(failing),
  most: { ratio: 1.3 },
  variants() {
    const ours = circuitBreaker({ name: 'bench', handle: () => false });
    const theirs = cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new cockatiel.ConsecutiveBreaker(Number.MAX_SAFE_INTEGER),
    });
    const opossum = new Opossum(failing, { timeout: false, errorThresholdPercentage: 101 });
    const mollitia = mollitiaBreaker().fn(failing);
    const ourCall = () => ours.execute(failing);
    const theirCall = () => theirs.execute(failing);
    const opossumCall = () => opossum.fire();
    const mollitiaCall = () => mollitia.execute();
    return [
      { name: 'breakwater', call: () => caught(ourCall) },
      { name: 'cockatiel', call: () => caught(theirCall) },
      { name: 'opossum', call: () => caught(opossumCall), end: () => opossum.shutdown() },
      { name: 'mollitia', call: () => caught(mollitiaCall) },
    ];
  },
};

function opened() {
  const breaker = circuitBreaker({ name: 'bench', openFor: '1h' });
  const failures = Array.from({ length: 5 }, () => breaker.executeOutcome(failing));
  return Promise.all(failures).then(() => breaker);
}

const open = await opened();

export const rejectedOutcome: Case = {
  name: 'open breaker, rejection as an outcome',
  bare: operation,
  most: { ratio: 10 },
  variants: () => [{ name: 'breakwater', call: () => open.executeOutcome(operation) }],
};

export const rejectedThrown: Case = {
  name: 'open breaker, rejection thrown',
  bare: operation,
  most: { ratio: 40 },
  variants() {
    const theirs = cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 3_600_000,
      breaker: new cockatiel.ConsecutiveBreaker(1),
    });
    theirs.isolate();
    const opossum = new Opossum(operation, { timeout: false });
    opossum.open();
    const mollitia = mollitiaBreaker(BreakerState.OPENED).fn(operation);
    return [
      { name: 'breakwater', call: () => caught(() => open.execute(operation)) },
      { name: 'cockatiel', call: () => caught(() => theirs.execute(operation)) },
      { name: 'opossum', call: () => caught(() => opossum.fire()), end: () => opossum.shutdown() },
      { name: 'mollitia', call: () => caught(() => mollitia.execute()) },
    ];
  },
};
