import { describe, expect, it } from 'vitest';
import {
  effectiveFieldGoals,
  overtimes,
  pace,
  possessions,
  rating,
  trueShooting,
  usageRate,
} from './formulas.ts';

// The Warriors of 15 March 2025: 97 points on 83 field goals and 22 free throws, 10 rebounds, 9 turnovers.
const warriors = {
  points: 97,
  fieldGoalsAttempted: 83,
  freeThrowsAttempted: 22,
  turnovers: 9,
  offensiveRebounds: 10,
};

describe('basketball formulas', () => {
  it('estimate possessions from attempts, turnovers and offensive rebounds', () => {
    // 83 + 0.44·22 + 9 − 10 = 83 + 9.68 − 1
    expect(possessions(warriors)).toBeCloseTo(91.68, 12);
  });

  it('rate a team by points for a hundred possessions', () => {
    // 9700 / 91.68
    expect(rating(97, 91.68)).toBeCloseTo(105.802792321117, 12);
    expect(rating(0, 0)).toBeNull();
  });

  it('count an overtime for each 25 minutes of a team beyond 240', () => {
    expect([240, 265, 290, 315].map(overtimes)).toEqual([0, 1, 2, 3]);
  });

  it('count overtimes rightly from minutes summed over players, and none below regulation', () => {
    expect([239.8, 240.2, 264.9, 265.1, 0].map(overtimes)).toEqual([0, 0, 1, 1, 0]);
  });

  it('bring pace down to 48 minutes', () => {
    expect(pace(91.68, 0)).toBeCloseTo(91.68, 12);
    // 106 possessions in 53 minutes: 2 a minute
    expect(pace(106, 1)).toBe(96);
    expect(pace(116, 2)).toBe(96);
  });

  it('measure true shooting against all attempts to score', () => {
    // 97 / (2·92.68)
    expect(trueShooting(warriors)).toBeCloseTo(0.523305999136815, 12);
    // 28 points on 20 field goals and 9 free throws: 28 / (2·23.96)
    const curry = { points: 28, fieldGoalsAttempted: 20, freeThrowsAttempted: 9 };
    expect(trueShooting(curry)).toBeCloseTo(0.584307178631052, 12);
    expect(trueShooting({ points: 0, fieldGoalsAttempted: 0, freeThrowsAttempted: 0 })).toBeNull();
  });

  it('give a three-pointer half a field goal more', () => {
    // (8 + 0.5·4) / 20
    expect(effectiveFieldGoals({ fieldGoalsMade: 8, threePointersMade: 4, fieldGoalsAttempted: 20 })).toBe(
      0.5,
    );
    expect(
      effectiveFieldGoals({ fieldGoalsMade: 0, threePointersMade: 0, fieldGoalsAttempted: 0 }),
    ).toBeNull();
  });

  it('put what a player used against what his team had while he was on the floor', () => {
    const ball = { fieldGoalsAttempted: 20, freeThrowsAttempted: 9, turnovers: 3 };
    // 100·(20 + 3.96 + 3)·48 / (35·91.68) = 129408 / 3208.8
    expect(usageRate(ball, 35, 91.68)).toBeCloseTo(40.3290949887809, 12);
  });

  it('know no usage without minutes or team possessions, nor above a hundred', () => {
    const ball = { fieldGoalsAttempted: 3, freeThrowsAttempted: 0, turnovers: 0 };
    expect(usageRate(ball, 0, 90)).toBeNull();
    expect(usageRate(ball, null, 90)).toBeNull();
    expect(usageRate(ball, 10, null)).toBeNull();
    expect(usageRate(ball, 10, 0)).toBeNull();
    // 100·3·48 / (1.6·90) is exactly 100
    expect(usageRate(ball, 1.6, 90)).toBe(100);
    expect(usageRate(ball, 1.5, 90)).toBeNull();
  });
});
