import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const missing =
  spawnSync('chromium', ['--version']).error === undefined ? undefined : 'Chromium is not installed';
if (missing !== undefined && process.env.REQUIRE_EMULATORS === '1') throw new Error(missing);

const run = promisify(execFile);
const quiet = ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];
// The budget is the page's own time, which passes as fast as the page lets it.
const flags = ['--headless', '--no-sandbox', ...quiet, '--virtual-time-budget=60000', '--dump-dom'];

/** What Chromium makes of a page with this script. */
async function pageWith(script: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [script.pathname],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['breakwater-source'],
  });
  const dir = mkdtempSync(join(tmpdir(), 'breakwater-browser-'));
  try {
    const page = join(dir, 'page.html');
    writeFileSync(page, `<!doctype html><body></body><script type="module">${outputFiles[0]?.text}</script>`);
    const { stdout } = await run(
      'chromium',
      [...flags, `--user-data-dir=${join(dir, 'profile')}`, pathToFileURL(page).href],
      // One that hangs would outlive the test.
      { timeout: 50_000, killSignal: 'SIGKILL' },
    );
    return stdout;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe('in a browser', () => {
  it.skipIf(missing !== undefined)(
    `the policies do what they do elsewhere${missing ? ` (${missing})` : ''}`,
    async () => {
      const html = await pageWith(new URL('./page.ts', import.meta.url));
      expect(JSON.parse(/<body>(.*?)<\/body>/s.exec(html)?.[1] ?? html)).toEqual({
        node: false,
        pipeline: 'substitute',
        attempts: [1, 2],
        retried: 'attempt 3',
        places: [1, 2, 3],
        turns: [1, 2, 3],
        hedged: 'the second',
        joined: 1,
        givenUp: { ok: false, error: 'closed the page', kind: 'cancelled' },
      });
    },
  );
});
