import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { classify } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import { GrpcCalls } from './grpc-calls.ts';

describe('a gRPC call', () => {
  it('fails with the service’s own words, and without the token that its error came with', async () => {
    const clock = new VirtualClock();
    const calls = new GrpcCalls({ service: 'firestore', clock, timeout: '5s' });
    const headers = { authorization: 'Bearer ya29.secret' };
    const thrown = Object.assign(new Error('7 PERMISSION_DENIED: no'), {
      code: 7,
      details: 'no',
      metadata: { internalRepr: new Map([['authorization', [headers.authorization]]]) },
      config: { headers },
      response: { config: { headers }, request: { headers } },
      errors: [{ reason: 'denied', message: 'no', request: { headers } }],
      cause: Object.assign(new Error('inner'), { config: { headers } }),
    });
    const failing = calls.call('Read', {}, () => Promise.reject(thrown));
    const error = await failing.catch((error: unknown) => error);
    expect(error).toMatchObject({
      service: 'firestore',
      kind: 'permanent',
      code: 'denied',
      cause: {
        name: 'Error',
        message: thrown.message,
        code: 7,
        details: 'no',
        errors: [{ reason: 'denied', message: 'no' }],
      },
    });
    const { cause } = error as Error;
    expect(classify(cause)).toEqual(classify(error));
    expect(inspect(thrown, { depth: Infinity })).toContain('secret');
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('secret');
  });
});
