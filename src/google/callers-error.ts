import { BreakwaterError } from '../errors/index.ts';

/** An error of the caller's own, its `cause`, on its way out of a call: it says nothing of the service. */
export class CallersError extends BreakwaterError {
  override readonly name = 'CallersError';
  readonly kind = 'permanent';
}

/** The items of a caller's source, whose own errors are told from the service's. */
export async function* callersOwn<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    if (error instanceof BreakwaterError) throw error;
    throw new CallersError('The source failed', { cause: error });
  }
}
