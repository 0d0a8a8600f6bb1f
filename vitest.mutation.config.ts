import { defineConfig } from 'vitest/config';
import all from './vitest.config.ts';

export default defineConfig({
  ...all,
  test: {
    ...all.test,
    // Mutants run in threads, which take none.
    execArgv: [],
    testTimeout: 10_000,
    include: ['test/mutation/all.test.ts'],
    exclude: [],
    projects: undefined,
    env: { MODEL_SHARE: '0.02', MODEL_SEED: '7' },
  },
});
