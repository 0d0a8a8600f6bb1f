import { type ErrorKind, kindOf } from '../errors/index.ts';
import { reportError } from '../time/index.ts';
import type { Outcome } from './policy.ts';

/** Which outcomes a policy deals with. */
export type Handle = (outcome: Outcome<unknown>) => boolean;

/** What counts as a failure that may pass, where a policy has no `handle` of its own. */
export const passingKinds: ReadonlySet<ErrorKind> = /* @__PURE__ */ new Set([
  'transient',
  'throttled',
  'timeout',
  'unknown',
]);

/** Whether a value is dealt with: by default none is. */
export function handlesValue(handle: Handle | undefined, value: unknown): boolean {
  return handle !== undefined && judge(handle, { ok: true, value });
}

/** Whether an error of this kind is dealt with: one that the caller caused never is. */
export function handlesError(
  handle: Handle | undefined,
  error: unknown,
  kind: ErrorKind = kindOf(error),
  otherwise: ReadonlySet<ErrorKind> = passingKinds,
): boolean {
  if (handle === undefined) return otherwise.has(kind);
  return kind !== 'cancelled' && judge(handle, { ok: false, error, kind });
}

// One that throws says no, and what it threw is reported.
function judge(handle: Handle, outcome: Outcome<unknown>): boolean {
  try {
    return Boolean(handle(outcome));
  } catch (error) {
    reportError(error);
    return false;
  }
}
