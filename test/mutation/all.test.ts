import { readdirSync } from 'node:fs';

// All tests of what is mutated as one file: a mutant needs one worker for them, not one for each. Left out are the leak tests, which
// would tell a mutant that leaks, after minutes, and what reads the code itself, which here is full of all mutants.
const root = new URL('../../', import.meta.url);
const left = ['leaks.test.ts', 'unheard.test.ts'];
const wanted = new RegExp(process.env.MUTATION_TESTS ?? '');

for (const folder of ['src/time', 'src/circuit', 'src/policy', 'test/policies']) {
  for (const name of readdirSync(new URL(folder, root)).sort()) {
    if (name.endsWith('.test.ts') && !left.includes(name) && wanted.test(`${folder}/${name}`))
      await import(new URL(`${folder}/${name}`, root).pathname);
  }
}
