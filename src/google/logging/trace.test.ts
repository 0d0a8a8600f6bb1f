import { describe, expect, it } from 'vitest';
import { currentTrace, traced } from './trace.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('the trace of a request', () => {
  const of = (headers: Record<string, string>) =>
    traced(async () => {
      await Promise.resolve();
      return currentTrace();
    })(new Request('http://localhost', { headers }));

  it.each([
    [{ traceparent: `00-${trace}-00f067aa0ba902b7-01` }, trace],
    [{ 'x-cloud-trace-context': `${trace}/123;o=1` }, trace],
    [{ 'x-cloud-trace-context': trace }, trace],
    [
      { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-cloud-trace-context': `${'a'.repeat(32)}/1` },
      trace,
    ],
    [{ traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }, undefined],
    [{ traceparent: 'none of ours' }, undefined],
    [{}, undefined],
  ])('is read from %o', async (headers, expected) => {
    expect(await of(headers)).toBe(expected);
  });

  it('is each request’s own, and of nobody outside', async () => {
    const other = 'b'.repeat(32);
    const requests = [trace, other].map((id) => of({ 'x-cloud-trace-context': `${id}/1` }));
    expect(await Promise.all(requests)).toEqual([trace, other]);
    expect(currentTrace()).toBeUndefined();
  });
});
