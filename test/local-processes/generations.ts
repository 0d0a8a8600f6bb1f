export const table = 'nba.generations';
export const partition = { column: 'game_date', value: '2025-03-15' } as const;

// Some for every transaction to be under way for a while.
export const players = 2_000;

export function rowsOf(generation: number) {
  return Array.from({ length: players }, (_, player) => ({ game_date: partition.value, generation, player }));
}
