/** The quotient, or null where there is nothing to divide by. */
export function divide(dividend: number, divisor: number): number | null {
  return divisor === 0 ? null : dividend / divisor;
}
