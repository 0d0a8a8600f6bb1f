import { execFile } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Program, programsOf } from './programs.ts';

// Every program that README and guides show is compiled and run, as a reader would copy it.
const root = resolve(import.meta.dirname, '../..');
// Within the package, so that `breakwater` means this one.
const folder = join(root, 'docs/.programs');
const bin = join(root, 'node_modules');
const patience = 120_000;

const guides = ['README.md', ...globSync('{docs,examples}/*.md', { cwd: root }).sort()];
const programs = guides.flatMap((guide) =>
  programsOf(guide, readFileSync(join(root, guide), 'utf8')).map((program) => ({
    ...program,
    file: join(folder, guide.replaceAll(/[^A-Za-z0-9]+/g, '-'), program.name),
  })),
);
const isTest = ({ name }: Program) => name.endsWith('.test.ts');

describe('the code in the guides', () => {
  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { file, code } of programs) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, code);
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', include: ['*/*.ts'], exclude: [] }),
    );
    writeFileSync(
      join(folder, 'vitest.config.ts'),
      `export default { root: import.meta.dirname, resolve: { conditions: ['breakwater-source'] }, ssr: { resolve: { conditions: ['breakwater-source'] } } };\n`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    'compiles',
    async () => {
      expect(await node(join(bin, 'typescript/bin/tsc'), '-p', folder)).toEqual({ code: 0, output: '' });
    },
    patience,
  );

  it.each(programs.filter((program) => !isTest(program)))(
    'runs: $place',
    async (program) => {
      const { code, output } = await node(
        '--conditions=breakwater-source',
        '--disable-warning=ExperimentalWarning',
        program.file,
      );
      expect(output).toBe(program.output ?? output);
      expect(code, output).toBe(0);
    },
    patience,
  );

  it(
    'passes its tests',
    async () => {
      const shown = programs.filter(isTest);
      const { code, output } = await node(join(bin, 'vitest/vitest.mjs'), 'run', '--root', folder);
      expect(code, output).toBe(0);
      expect(output).toContain(`Test Files  ${shown.length} passed`);
    },
    patience,
  );
});

function node(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      args,
      { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } },
      (error, stdout, stderr) => done({ code: error === null ? 0 : 1, output: `${stdout}${stderr}` }),
    );
  });
}
