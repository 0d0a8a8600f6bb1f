export type DnpCategory =
  | 'injury'
  | 'coach_decision'
  | 'rest'
  | 'personal'
  | 'suspension'
  | 'g_league'
  | 'other';

/** Why a player did not play, in a word; null when the gamebook does not say. */
export function dnpCategory(reason: string | null): DnpCategory | null {
  if (reason === null || reason.trim() === '') return null;
  return categories.find(([, pattern]) => pattern.test(reason))?.[0] ?? 'other';
}

// In this order: "Injury/Illness - Rest" is an injury, "G League - Two-Way" no personal matter.
const categories: readonly (readonly [DnpCategory, RegExp])[] = [
  ['suspension', /suspen/i],
  ['g_league', /g[\s-]?league|two[\s-]way|on assignment/i],
  ['coach_decision', /coach/i],
  ['injury', /injur|illness|\bsick|sore|sprain|strain|surgery|concussion|health and safety/i],
  ['rest', /\brest(ed|ing)?\b|load management/i],
  ['personal', /personal|bereavement|family|paternity/i],
];
