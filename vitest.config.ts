import { defineConfig } from 'vitest/config';

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
    // A project of its own, whose tests run on the packed package: test/package/quickstart.test.ts.
    // Run by themselves: test/mutation is all of the policies' tests once more.
    exclude: ['examples/quickstart/**', 'test/mutation/**', '**/node_modules/**'],
    include: [
      'src/**/*.test.ts',
      'test/**/*.test.ts',
      'examples/**/*.test.ts',
      'bench/**/*.test.ts',
      'docs/**/*.test.ts',
    ],
  },
});
