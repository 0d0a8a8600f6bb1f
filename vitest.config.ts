import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['breakwater-source'] },
  ssr: { resolve: { conditions: ['breakwater-source'] } },
  test: {
    setupFiles: ['test/setup/loopback-only.ts'],
    include: [
      'src/**/*.test.ts',
      'test/**/*.test.ts',
      'examples/**/*.test.ts',
      'bench/**/*.test.ts',
      'docs/**/*.test.ts',
    ],
  },
});
