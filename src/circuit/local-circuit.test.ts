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

  it('reports no fault where there is none', async () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const { clock, enter, end } = setUp();
    end(enter(), 'failure');
    await clock.advance(1_000);
    end(enter(), 'success');
    vi.unstubAllGlobals();
    expect(reported).not.toHaveBeenCalled();
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

  it('keeps the places of probes at work when a snapshot takes its place, until they end or their time is up', async () => {
    const { clock, circuit, enter, end } = setUp();
    end(enter(), 'failure');
    await clock.advance(1_000);
    const first = enter();
    const snapshot = structuredClone(circuit.record);
    circuit.restore(snapshot);
    expect(circuit.record).toMatchObject({ state: 'half-open', probes: [], lingering: [{ id: 0 }] });
    expect(circuit.enter()).toEqual({ retryAfter: 100 });
    circuit.restore(snapshot);
    expect(circuit.enter()).toEqual({ retryAfter: 100 });
    end(first, 'success');
    expect([circuit.state, circuit.record.lingering]).toEqual(['half-open', []]);
    const second = enter();
    expect(second.probe).toBe(1);
    circuit.restore(snapshot);
    await clock.advance(99);
    expect(circuit.enter()).toEqual({ retryAfter: 1 });
    await clock.advance(1);
    end(second, 'failure');
    expect(circuit.state).toBe('half-open');
    expect(enter().probe).toBe(2);
  });

  it('takes over no probe that a snapshot of another circuit has at work, and no number of one of its own', async () => {
    const other = setUp();
    other.end(other.enter(), 'failure');
    await other.clock.advance(1_000);
    other.enter();
    const { clock, circuit, enter, end } = setUp();
    for (let cycle = 0; cycle < 3; cycle++) {
      end(enter(), 'failure');
      await clock.advance(1_000);
      if (cycle < 2) end(enter(), 'success');
    }
    const mine = enter();
    expect(mine.probe).toBe(2);
    circuit.restore(other.circuit.record);
    expect(circuit.record).toMatchObject({ probes: [], lingering: [{ id: 2 }], nextProbe: 3 });
    end(mine, 'ignored');
    expect(enter().probe).toBe(3);
    const young = setUp();
    young.circuit.restore(circuit.record);
    expect(young.circuit.record).toMatchObject({ probes: [], lingering: [], nextProbe: 4 });
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
