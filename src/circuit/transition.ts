import type { CircuitRecord, CircuitState } from './record.ts';
import type { TripRule } from './trip-rule.ts';

/** What a circuit is set to. Durations in milliseconds. */
export interface CircuitSettings {
  readonly trip: TripRule;
  /** From opening until probes are admitted. */
  readonly openFor: number;
  /** How many probes may be at work at once. */
  readonly probes: number;
  /** How many probes of one epoch must succeed to close. */
  readonly successes: number;
  /** By when a probe must have ended. */
  readonly probeTimeout: number;
}

/** Stands for one admitted call; its result counts only in the epoch that admitted it. */
export interface Ticket {
  readonly epoch: number;
  /** The probe's id, in `half-open`. */
  readonly probe: number | null;
}

export type CircuitEvent =
  | { readonly kind: 'enter' }
  | { readonly kind: 'leave'; readonly ticket: Ticket; readonly outcome: 'success' | 'failure' | 'ignored' }
  /** What it protects is known to be there again: an open circuit admits probes at once. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'isolate' }
  | { readonly kind: 'release' }
  | { readonly kind: 'reset' }
  /** Nothing happened but the passing of time. */
  | { readonly kind: 'tick' };

export type Effect =
  | { readonly kind: 'admitted'; readonly ticket: Ticket }
  | { readonly kind: 'rejected'; readonly retryAfter: number | undefined }
  | { readonly kind: 'moved'; readonly from: CircuitState; readonly to: CircuitState };

export interface Transition {
  readonly record: CircuitRecord;
  readonly effects: readonly Effect[];
}

/** A circuit that was never used. */
export function newCircuit(settings: CircuitSettings): CircuitRecord {
  return {
    state: 'closed',
    epoch: 0,
    trip: settings.trip.initial,
    failures: 0,
    openedAt: null,
    openUntil: null,
    probes: [],
    nextProbe: 0,
    successes: 0,
  };
}

/**
 * The whole state machine, pure: the record after an event, and what follows from it.
 *
 * Invariants: closed → open only by the trip rule; open → half-open only when its time is up or by `ready`;
 * half-open → closed only by `successes` probes of this epoch; never more than `probes` at work at once; the result of
 * an older epoch changes nothing.
 */
export function transition(
  settings: CircuitSettings,
  record: CircuitRecord,
  event: CircuitEvent,
  now: number,
): Transition {
  // A probe that did not end in time is a failed one, whoever notices.
  if (record.state === 'half-open' && record.probes.some(({ expires }) => expires <= now)) {
    const reopened = move(settings, record, 'open', now);
    const after = transition(settings, reopened.record, event, now);
    return { record: after.record, effects: [...reopened.effects, ...after.effects] };
  }
  switch (event.kind) {
    case 'enter':
      return enter(settings, record, now);
    case 'leave':
      return leave(settings, record, event, now);
    case 'ready':
      return record.state === 'open' ? move(settings, record, 'half-open', now) : unchanged(record);
    case 'isolate':
      return record.state === 'isolated' ? unchanged(record) : move(settings, record, 'isolated', now);
    case 'release':
      return record.state === 'isolated' ? move(settings, record, 'closed', now) : unchanged(record);
    case 'reset':
      return move(settings, record, 'closed', now);
    case 'tick':
      return unchanged(record);
  }
}

function enter(settings: CircuitSettings, record: CircuitRecord, now: number): Transition {
  if (record.state === 'closed')
    return { record, effects: [{ kind: 'admitted', ticket: { epoch: record.epoch, probe: null } }] };
  if (record.state === 'isolated') return { record, effects: [{ kind: 'rejected', retryAfter: undefined }] };
  if (record.state === 'open') {
    const left = (record.openUntil ?? now) - now;
    if (left > 0) return { record, effects: [{ kind: 'rejected', retryAfter: left }] };
    const opened = move(settings, record, 'half-open', now);
    const after = enter(settings, opened.record, now);
    return { record: after.record, effects: [...opened.effects, ...after.effects] };
  }
  if (record.probes.length >= settings.probes) {
    const first = Math.min(...record.probes.map(({ expires }) => expires));
    return { record, effects: [{ kind: 'rejected', retryAfter: Math.max(0, first - now) }] };
  }
  const id = record.nextProbe;
  return {
    record: {
      ...record,
      nextProbe: id + 1,
      probes: [...record.probes, { id, expires: now + settings.probeTimeout }],
    },
    effects: [{ kind: 'admitted', ticket: { epoch: record.epoch, probe: id } }],
  };
}

function leave(
  settings: CircuitSettings,
  record: CircuitRecord,
  { ticket, outcome }: CircuitEvent & { readonly kind: 'leave' },
  now: number,
): Transition {
  if (ticket.epoch !== record.epoch) return unchanged(record);
  const failed = outcome === 'failure';
  if (record.state === 'closed') {
    if (outcome === 'ignored') return unchanged(record);
    const trip = settings.trip.record(record.trip, { failed }, now);
    const counted = { ...record, trip, failures: failed ? record.failures + 1 : 0 };
    return settings.trip.trips(trip, now) ? move(settings, counted, 'open', now) : unchanged(counted);
  }
  // Given back twice, or never taken: not ours to count.
  if (record.state !== 'half-open' || !record.probes.some(({ id }) => id === ticket.probe))
    return unchanged(record);
  const probes = record.probes.filter(({ id }) => id !== ticket.probe);
  if (outcome === 'ignored') return unchanged({ ...record, probes });
  if (failed) return move(settings, { ...record, failures: record.failures + 1 }, 'open', now);
  const successes = record.successes + 1;
  if (successes >= settings.successes) return move(settings, record, 'closed', now);
  return unchanged({ ...record, probes, successes });
}

function move(settings: CircuitSettings, record: CircuitRecord, to: CircuitState, now: number): Transition {
  const closed = to === 'closed';
  return {
    record: {
      ...record,
      state: to,
      epoch: record.epoch + 1,
      trip: settings.trip.initial,
      failures: closed ? 0 : record.failures,
      openedAt: closed ? null : to === 'open' ? now : record.openedAt,
      openUntil: to === 'open' ? now + settings.openFor : null,
      probes: [],
      successes: 0,
    },
    effects: record.state === to ? [] : [{ kind: 'moved', from: record.state, to }],
  };
}

function unchanged(record: CircuitRecord): Transition {
  return { record, effects: [] };
}
