import { describe, expect, it } from 'vitest';
import { dnpCategory } from './dnp-reason.ts';

describe('reasons for not playing', () => {
  it.each([
    ["DNP - Coach's Decision", 'coach_decision'],
    ['Injury/Illness - Left Ankle; Sprain', 'injury'],
    ['Injury/Illness - Rest', 'injury'],
    ['NWT - Sore lower back', 'injury'],
    ['DND - Rest', 'rest'],
    ['Left Knee; Load Management', 'rest'],
    ['NWT - Personal Reasons', 'personal'],
    ['Not With Team - Bereavement', 'personal'],
    ['League Suspension', 'suspension'],
    ['G League - Two-Way', 'g_league'],
    ['GLEAGUE - On Assignment', 'g_league'],
    ['Trade pending', 'other'],
    ['Unrestricted', 'other'],
  ])('puts %j under %s', (reason, category) => {
    expect(dnpCategory(reason)).toBe(category);
  });

  it('says nothing where the gamebook says nothing', () => {
    expect(dnpCategory(null)).toBeNull();
    expect(dnpCategory(' ')).toBeNull();
  });
});
