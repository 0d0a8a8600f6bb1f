import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { definitionOf, tables } from './index.ts';

describe('table definitions', () => {
  it('are one file a table', () => {
    const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.sql'));
    expect(files.sort()).toEqual(tables.map((table) => `${table}.sql`).sort());
  });

  it.each(tables)('creates %s partitioned by its date', (table) => {
    const definition = definitionOf(table);
    expect(definition).toContain(`CREATE TABLE IF NOT EXISTS ${table} (`);
    const [, column] = /^PARTITION BY (\w+)$/m.exec(definition)!;
    expect(definition).toMatch(new RegExp(`^  ${column} DATE NOT NULL`, 'm'));
  });
});
