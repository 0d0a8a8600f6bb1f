import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);
const [, ...flags] = (
  JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { scripts: { start: string } }
).scripts.start.split(' ');

/** How a process of `npm start` ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Standard error, line by line. */
  readonly errors: readonly string[];
}

/**
 * Runs what `npm start` runs, in a process of its own.
 *
 * @param options.preload A module to load first.
 */
export function start(
  args: readonly string[],
  options: {
    readonly preload?: URL | undefined;
    readonly env?: Readonly<Record<string, string>> | undefined;
  } = {},
): Promise<Ended> {
  const { preload, env = {} } = options;
  const loaded = preload === undefined ? [] : ['--import', preload.href];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...loaded, ...flags, ...args], {
      cwd: fileURLToPath(root),
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, errors: stderr.split('\n').filter((line) => line !== '') });
    });
  });
}

/** The report that `--json` prints last. */
export function reportOf({ stdout }: Ended) {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as {
    readonly runs: readonly {
      readonly processor: string;
      readonly key: string;
      readonly status: string;
      readonly reason: string;
      readonly missing: readonly string[];
      readonly rows: number;
      readonly durationMs: number;
      readonly attempt: number;
      readonly runId: string;
      readonly wasParked: boolean;
    }[];
    readonly leftOut: readonly { readonly processor: string }[];
    readonly recovered: readonly { readonly key: string; readonly runId: string; readonly reason: string }[];
  };
}
