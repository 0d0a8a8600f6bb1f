import { defineConfig } from 'vitest/config';
import all from './vitest.config.ts';

// The mutants' tests are one file, and no project.
const { projects: _projects, ...tests } = all.test ?? {};

export default defineConfig({
  ...all,
  test: {
    ...tests,
    // Mutants run in threads, which take none.
    execArgv: [],
    testTimeout: 10_000,
    include: ['test/mutation/all.test.ts'],
    exclude: [],
    env: { MODEL_SHARE: '0.02', MODEL_SEED: '7' },
  },
});
