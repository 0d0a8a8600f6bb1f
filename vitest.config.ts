import { defineConfig } from 'vitest/config';

// Its times are the real ones, of sinks that hang: run beside others on a busy machine it would tell of the machine.
const alone = 'test/google/heartbeat-outages.test.ts';
// The quickstart is a project of its own, whose tests run on the packed package: test/package/quickstart.test.ts.
// test/mutation is all of the policies' tests once more.
const elsewhere = ['examples/quickstart/**', 'test/mutation/**', '**/node_modules/**'];

export default defineConfig({
  resolve: { conditions: ['breakwater-source'] },
  ssr: { resolve: { conditions: ['breakwater-source'] } },
  test: {
    // The SQL translator's WebAssembly is large: optimising it costs more than all the tests gain by it.
    execArgv: ['--liftoff-only'],
    // Of the longest files several wait for most of their time: one worker fewer than cores, the default, would wait with them.
    maxWorkers: '100%',
    // For a machine that is busy; a test that hangs is told all the same.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    setupFiles: ['test/setup/loopback-only.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['{src,test,examples,bench,docs}/**/*.test.ts'],
          exclude: [...elsewhere, alone],
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'alone', include: [alone], sequence: { groupOrder: 1 } } },
    ],
  },
});
