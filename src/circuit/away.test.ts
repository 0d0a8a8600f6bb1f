import { describe, expect, it } from 'vitest';
import { AwayCircuit } from './away.ts';
import { consecutiveFailures } from './index.ts';
import { newCircuit, type Ticket } from './transition.ts';

const settings = {
  trip: consecutiveFailures(1),
  openFor: 1_000,
  probes: 1,
  successes: 1,
  probeTimeout: 100,
};

/** The circuit of a process that saw it closed, and then had a failure at the time 0. */
function opened(over: Partial<typeof settings> = {}) {
  const all = { ...settings, ...over };
  const circuit = new AwayCircuit(all, newCircuit(all));
  circuit.leave(ticketAt(circuit, 0), 'failure', 0);
  return circuit;
}

function ticketAt(circuit: AwayCircuit, now: number): Ticket {
  const answer = circuit.enter(now);
  if (answer.kind === 'rejected') throw new Error(`rejected for ${answer.retryAfter} ms`);
  return answer.ticket;
}

describe('a shared circuit whose store is away', () => {
  it('rejects until its time is up, and does not take a rejection for a probe', () => {
    const circuit = opened();
    expect(circuit.enter(500)).toEqual({ kind: 'rejected', retryAfter: 500 });
    expect(circuit.enter(1_000)).toEqual({ kind: 'admitted', ticket: { epoch: 2, probe: 0 } });
  });

  it('probes when the time is up that it was last seen open for, however often it rejected before', () => {
    const seen = { ...newCircuit(settings), state: 'open' as const, epoch: 1, openedAt: 0, openUntil: 5_000 };
    const circuit = new AwayCircuit(settings, seen);
    for (const now of [0, 2_500, 4_999])
      expect(circuit.enter(now)).toEqual({ kind: 'rejected', retryAfter: 5_000 - now });
    expect(circuit.enter(5_000)).toEqual({ kind: 'admitted', ticket: { epoch: 2, probe: 0 } });
  });

  it('probes once in an open time, also where the circuit would take a further probe', () => {
    const circuit = opened({ successes: 3 });
    circuit.leave(ticketAt(circuit, 1_000), 'success', 1_001);
    expect(circuit.enter(1_001)).toEqual({ kind: 'rejected', retryAfter: 999 });
    expect(circuit.enter(1_999)).toEqual({ kind: 'rejected', retryAfter: 1 });
    circuit.leave(ticketAt(circuit, 2_000), 'success', 2_001);
    expect(circuit.enter(2_001)).toEqual({ kind: 'rejected', retryAfter: 999 });
  });

  it('takes a probe that hangs for failed', () => {
    const circuit = opened();
    ticketAt(circuit, 1_000);
    expect(circuit.enter(2_000)).toEqual({ kind: 'rejected', retryAfter: 100 });
    expect(ticketAt(circuit, 2_100)).toEqual({ epoch: 4, probe: 1 });
  });

  it('admits all again once its probe succeeded', () => {
    const circuit = opened();
    circuit.leave(ticketAt(circuit, 1_000), 'success', 1_001);
    for (const now of [1_001, 1_002])
      expect(circuit.enter(now)).toEqual({ kind: 'admitted', ticket: { epoch: 3, probe: null } });
  });
});
