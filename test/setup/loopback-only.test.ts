import { connect } from 'node:net';
import { Pool } from 'undici';
import { describe, expect, it } from 'vitest';

describe('the guard of all tests', () => {
  it('refuses a connection to another machine', async () => {
    expect(() => connect(443, '192.0.2.1')).toThrow(/192\.0\.2\.1/);
    expect(() => connect({ port: 443, host: 'bigquery.googleapis.com' })).toThrow(/bigquery/);
    await expect(fetch('http://192.0.2.1/')).rejects.toThrow();
    const pool = new Pool('http://192.0.2.1');
    await expect(pool.request({ path: '/', method: 'GET' })).rejects.toThrow(/192\.0\.2\.1/);
    await pool.destroy();
  });
});
