import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    policy: 'src/policy/index.ts',
    upstream: 'src/upstream/index.ts',
    trigger: 'src/trigger/index.ts',
    google: 'src/google/index.ts',
    local: 'src/local/index.ts',
    testing: 'src/testing/index.ts',
  },
  // One graph of chunks for all entries: a class is one class, whichever entry it comes from.
  format: 'esm',
  splitting: true,
  treeshake: true,
  target: 'node22',
  platform: 'neutral',
  dts: true,
  clean: true,
});
