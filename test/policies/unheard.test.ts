import { describe, expect, it } from 'vitest';
import { startChild } from '../local-processes/child.ts';
import type { Report } from './every-event.ts';

async function report(how: 'heard' | 'unheard'): Promise<Report> {
  const child = startChild<Report>(new URL('./every-event.ts', import.meta.url), how);
  await child.told(1);
  await child.ended;
  return child.messages[0] as Report;
}

describe('an event', () => {
  it('of whichever policy is not even built where nobody listens', async () => {
    const [heard, unheard] = await Promise.all([report('heard'), report('unheard')]);
    const kinds = [...new Set(heard.heard)].sort();
    expect(kinds).toEqual(
      ['fell_back', 'gave_up', 'hedged', 'moved', 'queued', 'rejected', 'retry', 'timed_out'].concat(
        'waiting',
        'won',
        'work_left_running',
      ),
    );
    expect(unheard.heard).toEqual([]);
    // The same came to pass.
    expect(unheard.outcomes).toEqual(heard.outcomes);
    const places = (of: Report) => kinds.flatMap((kind) => of.built[kind] ?? []);
    // At each place in the code where one is told: V8 counts how often it came by.
    expect(places(heard).every((count) => count > 0)).toBe(true);
    for (const kind of kinds) expect(heard.built, kind).toHaveProperty(kind);
    expect(places(heard)).toHaveLength(heard.told);
    expect(places(unheard)).toEqual(places(heard).map(() => 0));
  });
});
