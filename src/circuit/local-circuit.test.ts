import { describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { consecutiveFailures, defineTripRule, failureRate } from './index.ts';
import { isTicket, LocalCircuit } from './local-circuit.ts';
import type { Ticket } from './transition.ts';
import type { TripRule } from './trip-rule.ts';

const sample = { failed: false, running: false, duration: 0, reportedAt: 0 };

function setUp(trip: TripRule = consecutiveFailures(1)) {
  const clock = new VirtualClock();
  const settings = { trip, openFor: 1_000, probes: 1, successes: 1, probeTimeout: 100 };
  const moved = vi.fn();
  const circuit = new LocalCircuit(settings, clock, { moved });
  const enter = () => {
    const admission = circuit.enter();
    if (!isTicket(admission)) throw new Error(`rejected for ${admission.retryAfter} ms`);
    return admission;
  };
  const end = (ticket: Ticket, outcome: 'success' | 'failure' | 'ignored') =>
    circuit.leave(ticket, outcome, { ...sample, failed: outcome === 'failure' });
  return { clock, circuit, moved, enter, end };
}

describe('the circuit of one process', () => {
  it('admits all with the same ticket while it is closed, and with another once it was open', async () => {
    const { clock, circuit, enter, end } = setUp();
    const ticket = enter();
    expect(ticket).toEqual({ epoch: 0, probe: null });
    expect([enter(), circuit.closedTicket]).toEqual([ticket, ticket]);
    expect(enter()).toBe(ticket);
    expect(circuit.closedTicket).toBe(ticket);
    end(ticket, 'failure');
    expect(circuit.closedTicket).toBeUndefined();
    await clock.advance(1_000);
    end(enter(), 'success');
    expect(enter()).toEqual({ epoch: 3, probe: null });
    expect(enter()).toBe(enter());
  });

  it('says for sure that nobody is admitted only while it is open and its time is not up', async () => {
    const { clock, circuit, enter, end } = setUp();
    expect(circuit.refusal()).toBeUndefined();
    await clock.advance(10);
    end(enter(), 'failure');
    await clock.advance(999);
    expect(circuit.refusal()).toEqual({ retryAfter: 1 });
    expect(circuit.enter()).toEqual({ retryAfter: 1 });
    await clock.advance(1);
    expect(circuit.refusal()).toBeUndefined();
    enter();
    expect(circuit.refusal()).toBeUndefined();
    circuit.apply({ kind: 'isolate' });
    expect(circuit.refusal()).toBeUndefined();
    expect(circuit.enter()).toStrictEqual({ retryAfter: undefined });
  });

  it('says nothing of an open one that a snapshot brings with no time to its end', () => {
    const { circuit } = setUp();
    circuit.restore({ ...circuit.record, state: 'open' });
    expect(circuit.refusal()).toBeUndefined();
  });

  it('turns away with one look at the time', () => {
    const { clock, circuit, enter, end } = setUp();
    end(enter(), 'failure');
    const now = vi.spyOn(clock, 'now');
    circuit.enter();
    expect(now).toHaveBeenCalledTimes(1);
  });

  it('looks at no clock for what changes nothing, and needs none to change nothing', () => {
    const timed = setUp(failureRate({ threshold: 1 }));
    const old = { epoch: -1, probe: null };
    const nows = [timed, setUp()].map(({ clock, enter, end }) => {
      const ticket = enter();
      const now = vi.spyOn(clock, 'now');
      end(ticket, 'ignored');
      end(old, 'failure');
      return [now, ticket] as const;
    });
    for (const [now] of nows) expect(now).not.toHaveBeenCalled();
    const failures = setUp();
    const now = vi.spyOn(failures.clock, 'now');
    failures.end(failures.enter(), 'success');
    expect(now).not.toHaveBeenCalled();
    expect(failures.circuit.record.failures).toBe(0);
  });

  it('asks a rule that may look at more than failures at the time that it is', async () => {
    const late = defineTripRule({
      name: 'late',
      initial: 0,
      record: (_, __, now) => now,
      trips: (now) => now >= 5,
    });
    const { clock, circuit, moved, enter, end } = setUp(late);
    await clock.advance(5);
    end(enter(), 'success');
    expect(circuit.state).toBe('open');
    expect(moved.mock.calls).toEqual([['closed', 'open']]);
  });
});
