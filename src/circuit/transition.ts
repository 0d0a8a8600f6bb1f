import { ConfigurationError } from '../errors/index.ts';
import type { CircuitRecord, CircuitState, Probe } from './record.ts';
import { countsOf, type Sample, type TripRule } from './trip-rule.ts';

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
  /** How `openFor` grows. Default: it does not. */
  readonly growth?: OpenTimeGrowth | undefined;
  /** Uniform in [0, 1), for the jitter. Default: Math.random. */
  readonly random?: (() => number) | undefined;
}

/** How the open time grows with each opening that follows another, and shrinks in quiet times. */
export interface OpenTimeGrowth {
  readonly factor: number;
  /** The longest open time, before jitter. Milliseconds. */
  readonly cap: number;
  /** Up to this share of the open time is added by chance. */
  readonly jitter: number;
  /** A step of growth is taken back for each so many milliseconds in `closed`. */
  readonly quiet: number;
}

/** Stands for one admitted call; its result counts only in the epoch that admitted it. */
export interface Ticket {
  readonly epoch: number;
  /** The probe's id, in `half-open`. */
  readonly probe: number | null;
}

export type CircuitEvent =
  | {
      readonly kind: 'enter';
      /** Kept with the probe's place. */
      readonly holder?: string | undefined;
    }
  | {
      readonly kind: 'leave';
      readonly ticket: Ticket;
      readonly outcome: 'success' | 'failure' | 'ignored';
      /** Milliseconds that the call took. Default: 0, for a rule that does not look at it. */
      readonly duration?: number | undefined;
      /** The last mark at which it was reported as running. Default: 0. */
      readonly reportedAt?: number | undefined;
    }
  /** An admitted call is still running at one of the trip rule's marks. */
  | {
      readonly kind: 'running';
      readonly ticket: Ticket;
      readonly duration: number;
      readonly reportedAt: number;
    }
  /** What it protects is known to be there again: an open circuit admits probes at once. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'isolate' }
  | { readonly kind: 'release' }
  /** Closes it, or leaves it isolated if it is held. */
  | { readonly kind: 'reset'; readonly held?: boolean | undefined }
  /** Nothing happened but the passing of time. */
  | { readonly kind: 'tick' };

export type Effect =
  | { readonly kind: 'admitted'; readonly ticket: Ticket }
  | { readonly kind: 'rejected'; readonly retryAfter: number | undefined }
  | { readonly kind: 'moved'; readonly from: CircuitState; readonly to: CircuitState }
  /** The trip rule or `random` threw, or gave what it may not: it was done without. To be reported. */
  | { readonly kind: 'fault'; readonly error: unknown };

export type Answer = Effect & { readonly kind: 'admitted' | 'rejected' };

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
    counts: countsOf(settings.trip),
    failures: 0,
    openedAt: null,
    openUntil: null,
    probes: noProbes,
    lingering: noProbes,
    nextProbe: 0,
    successes: 0,
  };
}

/** The record as these settings carry it on: what another rule has counted means nothing to theirs. */
export function carriedOn({ trip: rule }: CircuitSettings, record: CircuitRecord): CircuitRecord {
  const counts = countsOf(rule);
  return record.counts === counts ? record : { ...record, trip: rule.initial, counts };
}

/**
 * The whole state machine, pure: the record after an event, and what follows from it.
 *
 * Invariants: closed → open only by the trip rule; open → half-open only when its time is up or by `ready`;
 * half-open → closed only by `successes` probes of this epoch; never more than `probes` at work at once, those of older epochs
 * counted; the result of an older epoch changes nothing but that its place is given back; it never throws.
 */
export function transition(
  settings: CircuitSettings,
  record: CircuitRecord,
  event: CircuitEvent,
  now: number,
): Transition {
  // A probe that did not end in time is a failed one from then on, whoever notices, and however late.
  const expired = record.state === 'half-open' ? firstEnd(record.probes) : Infinity;
  if (expired <= now) {
    const reopened = move(settings, record, 'open', expired);
    const after = transition(settings, reopened.record, event, now);
    return { record: after.record, effects: [...reopened.effects, ...after.effects] };
  }
  switch (event.kind) {
    case 'enter':
      return enter(settings, record, now, event.holder);
    case 'leave':
      return leave(settings, record, event, now);
    case 'running': {
      if (event.ticket.epoch !== record.epoch || record.state !== 'closed') return unchanged(record);
      const { duration, reportedAt } = event;
      return count(settings, record, { failed: false, running: true, duration, reportedAt }, now);
    }
    case 'ready':
      return record.state === 'open' ? move(settings, record, 'half-open', now) : unchanged(record);
    case 'isolate':
      return record.state === 'isolated' ? unchanged(record) : move(settings, record, 'isolated', now);
    case 'release':
      return record.state === 'isolated' ? move(settings, record, 'closed', now) : unchanged(record);
    case 'reset': {
      const { growth: _, ...rest } = record;
      return move(settings, rest, event.held ? 'isolated' : 'closed', now);
    }
    case 'tick':
      return unchanged(record);
  }
}

/** What became of an `enter`; it is the last of the effects. */
export function answerOf(effects: readonly Effect[]): Answer {
  return effects.at(-1) as Answer;
}

function enter(settings: CircuitSettings, record: CircuitRecord, now: number, holder?: string): Transition {
  if (record.state === 'closed')
    return { record, effects: [{ kind: 'admitted', ticket: { epoch: record.epoch, probe: null } }] };
  if (record.state === 'isolated') return { record, effects: [{ kind: 'rejected', retryAfter: undefined }] };
  if (record.state === 'open') {
    const left = (record.openUntil ?? now) - now;
    if (left > 0) return { record, effects: [{ kind: 'rejected', retryAfter: left }] };
    const opened = move(settings, record, 'half-open', now);
    const after = enter(settings, opened.record, now, holder);
    return { record: after.record, effects: [...opened.effects, ...after.effects] };
  }
  const taken = atWork(record, now);
  if (taken.length >= settings.probes) {
    return { record, effects: [{ kind: 'rejected', retryAfter: firstEnd(taken) - now }] };
  }
  const id = record.nextProbe;
  return {
    record: {
      ...record,
      nextProbe: id + 1,
      probes: [
        ...record.probes,
        { id, expires: now + settings.probeTimeout, ...(holder !== undefined && { holder }) },
      ],
    },
    effects: [{ kind: 'admitted', ticket: { epoch: record.epoch, probe: id } }],
  };
}

function leave(
  settings: CircuitSettings,
  record: CircuitRecord,
  { ticket, outcome, duration = 0, reportedAt = 0 }: CircuitEvent & { readonly kind: 'leave' },
  now: number,
): Transition {
  if (ticket.epoch !== record.epoch) return unchanged(withoutLingering(record, ticket));
  const failed = outcome === 'failure';
  if (record.state === 'closed') {
    if (outcome === 'ignored') return unchanged(record);
    return count(settings, record, { failed, running: false, duration, reportedAt }, now);
  }
  const probes = record.probes.filter(({ id }) => id !== ticket.probe);
  // Given back twice, or never taken: not ours to count.
  if (probes.length === record.probes.length) return unchanged(record);
  if (outcome === 'ignored') return unchanged({ ...record, probes });
  if (failed) return move(settings, { ...record, probes, failures: record.failures + 1 }, 'open', now);
  const successes = record.successes + 1;
  if (successes >= settings.successes) return move(settings, { ...record, probes }, 'closed', now);
  return unchanged({ ...record, probes, successes });
}

function count(settings: CircuitSettings, record: CircuitRecord, sample: Sample, now: number): Transition {
  let counted: CircuitRecord;
  let trips: boolean;
  try {
    counted = counting(settings, record, sample, now);
    trips = settings.trip.trips(counted.trip, now);
  } catch (error) {
    return { record, effects: [{ kind: 'fault', error }] };
  }
  return trips ? move(settings, counted, 'open', now) : unchanged(counted);
}

/** A closed circuit with one more call counted; the record itself if that changes nothing. @throws what the trip rule throws. */
export function counting(
  { trip: rule }: CircuitSettings,
  record: CircuitRecord,
  sample: Sample,
  now: number,
): CircuitRecord {
  const trip = rule.record(record.trip, sample, now);
  const failures = sample.running ? record.failures : sample.failed ? record.failures + 1 : 0;
  return trip === record.trip && failures === record.failures ? record : { ...record, trip, failures };
}

function move(settings: CircuitSettings, record: CircuitRecord, to: CircuitState, now: number): Transition {
  const closed = to === 'closed';
  const faults: Effect[] = [];
  const steps = stepsBefore(settings, record, now);
  return {
    record: {
      ...record,
      state: to,
      epoch: record.epoch + 1,
      trip: settings.trip.initial,
      counts: countsOf(settings.trip),
      failures: closed ? 0 : record.failures,
      openedAt: closed ? null : to === 'open' ? now : record.openedAt,
      openUntil: to === 'open' ? now + openTime(settings, steps, faults) : null,
      probes: noProbes,
      lingering: atWork(record, now),
      successes: 0,
      ...grown(settings, to, steps, now),
    },
    effects: record.state === to ? faults : [...faults, { kind: 'moved', from: record.state, to }],
  };
}

const noProbes: readonly Probe[] = [];

/** When the first of the probes must have ended. */
function firstEnd(probes: readonly Probe[]): number {
  return Math.min(...probes.map(({ expires }) => expires));
}

/** The probes of all epochs that have places. */
export function atWork({ probes, lingering }: CircuitRecord, now: number): readonly Probe[] {
  return [...probes, ...lingering].filter(({ expires }) => expires > now);
}

/** The place of an earlier epoch's probe, given back. */
function withoutLingering(record: CircuitRecord, { probe }: Ticket): CircuitRecord {
  const lingering = record.lingering.filter(({ id }) => id !== probe);
  return lingering.length === record.lingering.length ? record : { ...record, lingering };
}

/** How far the open time has grown by now: one step an opening, less what quiet times took back. */
function stepsBefore({ growth }: CircuitSettings, record: CircuitRecord, now: number): number {
  if (growth === undefined || record.growth === undefined) return 0;
  const { steps, closedAt } = record.growth;
  const quiet = record.state === 'closed' ? Math.floor(Math.max(0, now - closedAt) / growth.quiet) : 0;
  return Math.max(0, steps - quiet);
}

function openTime({ openFor, growth, random }: CircuitSettings, steps: number, faults: Effect[]): number {
  if (growth === undefined) return openFor;
  // The power may overflow to Infinity, which the cap bounds.
  return (
    Math.min(growth.cap, openFor * growth.factor ** steps) * (1 + growth.jitter * chance(random, faults))
  );
}

/** In [0, 1): 0 where `random` gives nothing of the kind. */
function chance(random: CircuitSettings['random'], faults: Effect[]): number {
  try {
    const given = (random ?? Math.random)();
    if (typeof given === 'number' && given >= 0 && given < 1) return given;
    throw new ConfigurationError('random', 'a function that gives numbers of at least 0 and below 1', given);
  } catch (error) {
    faults.push({ kind: 'fault', error });
    return 0;
  }
}

function grown(
  settings: CircuitSettings,
  to: CircuitState,
  steps: number,
  now: number,
): Pick<CircuitRecord, 'growth'> {
  if (settings.growth === undefined) return {};
  // Steps beyond the cap would only make quiet times take longer to be felt.
  const further = to === 'open' && settings.openFor * settings.growth.factor ** steps < settings.growth.cap;
  // The time is looked at in `closed` only, which it is then the start of.
  return { growth: { steps: further ? steps + 1 : steps, closedAt: now } };
}

function unchanged(record: CircuitRecord): Transition {
  return { record, effects: [] };
}
