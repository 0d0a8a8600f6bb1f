// Writes the public API of each entry point to api/<entry>.api.md; with --check it only compares, and fails on a difference.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const root = resolve(import.meta.dirname, '..');
const check = process.argv.includes('--check');
const entries = ['index', 'policy', 'upstream', 'trigger', 'google', 'local', 'testing'];
mkdirSync(resolve(root, 'node_modules/.cache/api'), { recursive: true });

let changed = false;
for (const entry of entries) {
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: resolve(root, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: resolve(root, `dist/${entry}.d.ts`),
      bundledPackages: [],
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            lib: ['es2022'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            types: ['node'],
            skipLibCheck: true,
            strict: true,
          },
          files: [resolve(root, `dist/${entry}.d.ts`)],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${entry}.api.md`,
        reportFolder: resolve(root, 'api'),
        reportTempFolder: resolve(root, 'node_modules/.cache/api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
  const result = Extractor.invoke(config, {
    localBuild: !check,
    showVerboseMessages: false,
    messageCallback: (message) => {
      message.handled = true;
    },
  });
  if (result.apiReportChanged) {
    changed = true;
    console.log(
      `api/${entry}.api.md ${check ? 'is not what the code exports: run `npm run api` and commit it' : 'written'}`,
    );
  }
}
if (check && changed) process.exitCode = 1;
