// Reads or writes more than it may hold, and tells how much it held at most: live bytes, after each of many collections.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BigQueryClient, ndjsonRows, type StorageClient } from '../../src/clients/index.ts';
import { googleBigQuery, googleStorage } from '../../src/google/index.ts';
import { createLocalContext } from '../../src/local/index.ts';

export interface Told {
  readonly items: number;
  readonly sum: number;
  /** MB. */
  readonly held: number;
}

const rows = 1_000_000;
const chunks = 200;
const text = 'x'.repeat(100);
const sql = `SELECT n, CONCAT('${text}', CAST(n AS STRING)) AS text FROM UNNEST(GENERATE_ARRAY(1, ${rows})) AS n`;

const gc = (globalThis as { gc?: () => void }).gc ?? (() => {});
let start = 0;
let most = 0;

function look(): void {
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  if (start === 0) start = heapUsed + arrayBuffers;
  most = Math.max(most, heapUsed + arrayBuffers - start);
}

async function readRows(bigquery: BigQueryClient): Promise<Told> {
  await bigquery.query('SELECT 1 AS one');
  look();
  let [items, sum] = [0, 0];
  for await (const { n } of bigquery.stream<{ n: number }>(sql, { timeout: '5m' })) {
    items += 1;
    sum += n;
    if (items % 25_000 === 0) look();
  }
  return { items, sum, held: Math.round(most / 1e6) };
}

async function copyObject(storage: StorageClient): Promise<Told> {
  await storage.save('small', 'warm');
  look();
  const source = (async function* () {
    for (let chunk = 0; chunk < chunks; chunk++) {
      yield Buffer.alloc(1_000_000, chunk);
      if (chunk % 10 === 0) look();
    }
  })();
  await storage.save('large', source, { timeout: '5m' });
  let [items, sum] = [0, 0];
  for await (const chunk of (await storage.readStream('large', { timeout: '5m' }))?.data ?? []) {
    items += 1;
    sum += chunk.length;
    if (items % 10 === 0) look();
  }
  return { items, sum, held: Math.round(most / 1e6) };
}

async function readLines(): Promise<Told> {
  const source = (async function* () {
    for (let chunk = 0; chunk < chunks; chunk++) yield Buffer.from(`{"text":"${'y'.repeat(999_987)}"}\n`);
  })();
  let [items, sum] = [0, 0];
  look();
  for await (const { value } of ndjsonRows(source, 'lines', new AbortController().signal)) {
    items += 1;
    sum += (value as { text: string }).text.length;
    if (items % 10 === 0) look();
  }
  return { items, sum, held: Math.round(most / 1e6) };
}

const [what, endpoint] = process.argv.slice(2);
if (what === 'bigquery' || what === 'storage') {
  const bigquery = googleBigQuery({ project: 'p', location: 'US', endpoint });
  const storage = googleStorage({ project: 'p', bucket: 'b', endpoint });
  process.send?.(what === 'bigquery' ? await readRows(bigquery) : await copyObject(storage));
  await bigquery.close();
  storage.close();
} else if (what === 'lines') {
  process.send?.(await readLines());
} else {
  const dir = await mkdtemp(join(tmpdir(), 'breakwater-memory-'));
  const context = await createLocalContext({ dir });
  process.send?.(what === 'warehouse' ? await readRows(context.bigquery) : await copyObject(context.storage));
  await context.close();
  await rm(dir, { recursive: true });
}
process.disconnect?.();
