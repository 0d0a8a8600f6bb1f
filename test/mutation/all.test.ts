import { readdirSync } from 'node:fs';

// All tests of what is mutated as one file: a mutant needs one worker for them, not one for each. The leak tests are left out: they
// would tell a mutant that leaks, after minutes.
const root = new URL('../../', import.meta.url);
const wanted = new RegExp(process.env.MUTATION_TESTS ?? '');

for (const folder of ['src/time', 'src/circuit', 'src/policy', 'test/policies']) {
  for (const name of readdirSync(new URL(folder, root)).sort()) {
    if (name.endsWith('.test.ts') && name !== 'leaks.test.ts' && wanted.test(`${folder}/${name}`))
      await import(new URL(`${folder}/${name}`, root).pathname);
  }
}
