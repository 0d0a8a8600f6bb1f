/**
 * The next fencing token of a key: above every earlier one, and near the store's time, so that a record that expired and
 * was forgotten does not start again at 1.
 */
export function nextFence(previous: number, storeTime: number): number {
  return Math.max(previous + 1, Math.floor(storeTime));
}
