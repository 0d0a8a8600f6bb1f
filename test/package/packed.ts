import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const modules = realpathSync(join(root, 'node_modules'));

/** A folder of a user's, with the packed package in its node_modules. */
export interface Consumer {
  /** Puts files into the folder. */
  write(files: Readonly<Record<string, string>>): void;
  /** Runs Node there and gives what it printed. @throws with its standard error if it failed. */
  node(...args: readonly string[]): string;
  /** Checks the folder's `*.ts`, `*.mts` and `*.cts`, and the package's own declarations; gives the compiler's complaints. */
  complaints(): string;
  remove(): void;
}

/**
 * Packs what `npm publish` would, and unpacks it for a user: what is not in `files` is not there, and only the declared
 * dependencies and the given peers can be found.
 */
export function packedConsumer(peers: readonly string[] = []): Consumer {
  if (!existsSync(join(root, 'dist/index.js')))
    throw new Error('dist/ is not there: run `npm run build` first');
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-consumer-'));
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root),
  ) as [{ readonly filename: string }];
  const target = join(folder, 'node_modules/breakwater');
  mkdirSync(target, { recursive: true });
  run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', target], folder);
  const { dependencies } = JSON.parse(run('cat', [join(target, 'package.json')], folder)) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of [...Object.keys(dependencies), ...peers]) link(folder, name);
  return {
    write(files) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
    },
    node: (...args) => run(process.execPath, args, folder),
    complaints() {
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(strictest));
      link(folder, '@types/node');
      try {
        run(process.execPath, [join(modules, 'typescript/bin/tsc'), '-p', '.'], folder);
        return '';
      } catch (error) {
        return String((error as { readonly stdout?: unknown }).stdout);
      }
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const strictest = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // A user's own library is built from ours: inferred types must be nameable.
    declaration: true,
    outDir: 'out',
  },
  include: ['*.ts', '*.mts', '*.cts'],
};

function link(folder: string, name: string): void {
  const place = join(folder, 'node_modules', name);
  if (existsSync(place)) return;
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(join(modules, name), place);
}

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
