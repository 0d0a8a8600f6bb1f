import { expect, it } from 'vitest';
import { classify } from './classify.ts';
import { ServiceError } from './client-errors.ts';
import { TooFewAnswersError } from './too-few-answers-error.ts';
import { UnacknowledgedError } from './unacknowledged-error.ts';

const wrong = new TypeError('x is undefined');
const busy = (retryAfter: number) =>
  new ServiceError('slow down', { service: 'odds', kind: 'throttled', retryAfter });
const errors = [wrong, busy(60_000), busy(5_000)];

it.each([
  [
    'too few answers',
    (errors: readonly unknown[]) =>
      new TooFewAnswersError(
        0,
        1,
        errors.map((error, index) => ({ member: `${index}`, error })),
      ),
  ],
  [
    'unacknowledged files',
    (errors: readonly unknown[]) =>
      new UnacknowledgedError(
        3,
        errors.map((error, index) => ({ path: `${index}`, error })),
        { files: 0, rows: 0 },
      ),
  ],
])('%s come of the failure that gave them their kind, and ask to wait as long as it does', (_what, made) => {
  const error = made(errors);
  expect(error).toMatchObject({ kind: 'throttled', cause: errors[1] });
  expect(classify(error)).toEqual({ kind: 'throttled', retryAfter: 60_000 });
  expect(made([wrong])).toMatchObject({ kind: 'permanent', cause: wrong });
  expect(made([])).toMatchObject({ kind: 'unknown', cause: undefined });
});
