/** One way to do what the case is about. */
export interface Variant {
  readonly name: string;
  /** One call, as a user would write it. */
  readonly call: () => Promise<unknown>;
  /** Stops what a peer leaves running. */
  readonly end?: () => void;
}

/** A situation, the bare code that everything in it is compared to, and the variants. */
export interface Case {
  readonly name: string;
  readonly bare: () => Promise<unknown>;
  /** What breakwater may cost at most. */
  readonly most: { readonly ratio: number; readonly bytes?: number };
  readonly variants: () => readonly Variant[];
}

/** The operation under every policy, and the bare call that its ratios are to: resolves at once. */
export async function operation(): Promise<number> {
  return 1;
}

/** Fails as real operations do, some calls deep: a stack is taken to ten frames, so that all variants pay for the same. */
export async function failing(): Promise<never> {
  return throwBelow(10);
}

function throwBelow(depth: number): never {
  if (depth > 0) throwBelow(depth - 1);
  throw new Error('away');
}

/** The call, with what it throws caught: as dear as catching is for everybody. */
export async function caught(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}
