import { describe, expect, it } from 'vitest';
import { httpContract } from '../../test/contracts/http-contract.ts';
import { ConfigurationError } from '../errors/index.ts';
import { FakeHttp } from './fake-http.ts';
import { VirtualClock } from './virtual-clock.ts';

httpContract('the fake HTTP client', (script) => {
  const clock = new VirtualClock();
  const client = new FakeHttp({ clock });
  client.on(/./, ({ method, url, headers, body = '' }) => {
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
    const reply = script({ method, path: url.pathname + url.search, headers, body: text });
    if (reply === 'never answers') return new Promise(() => {});
    if (reply === 'breaks off') throw Object.assign(new Error('it broke off'), { code: 'ECONNRESET' });
    return reply;
  });
  return {
    client,
    origin: 'http://odds.example.com:8080',
    advance: (milliseconds) => clock.advance(milliseconds),
    wallNow: () => clock.wallNow(),
  };
});

describe('the fake HTTP client', () => {
  const make = () => new FakeHttp({ clock: new VirtualClock() });
  const url = 'https://api.example.com/odds';

  it('answers with JSON, text or a status', async () => {
    const http = make()
      .on(url, { json: { games: 8 } })
      .on('https://api.example.com/text', { body: 'plain' })
      .on('https://api.example.com/busy', { status: 429, headers: { 'Retry-After': '3' } });
    expect(await http.getJson(url)).toEqual({ games: 8 });
    expect((await http.request('https://api.example.com/text')).text()).toBe('plain');
    await expect(http.request('https://api.example.com/busy')).rejects.toMatchObject({ retryAfter: 3_000 });
  });

  it('knows a route by text, pattern or predicate', async () => {
    const http = make()
      .on(`POST ${url}`, { body: 'posted' })
      .on(`${url}?day=2`, { body: 'day two' })
      .on(/\/players\/\d+$/g, { body: 'a player' })
      .on(({ headers }) => headers['x-route'] === 'mine', { body: 'mine' });
    const text = async (...call: Parameters<FakeHttp['request']>) => (await http.request(...call)).text();
    expect(await text(url, { method: 'POST' })).toBe('posted');
    expect(await text(`${url}?day=1`, { method: 'POST' })).toBe('posted');
    expect(await text(`${url}?day=2`)).toBe('day two');
    for (let call = 0; call < 3; call++) {
      expect(await text('https://api.example.com/players/23')).toBe('a player');
    }
    expect(await text(url, { headers: { 'X-Route': 'mine' } })).toBe('mine');
  });

  it('lets a later route stand before an earlier one', async () => {
    const http = make().on(/./, { body: 'first' }).on(url, { body: 'second' });
    expect((await http.request(url)).text()).toBe('second');
    expect((await http.request('https://other.example.com/')).text()).toBe('first');
  });

  it('says which route is missing', async () => {
    const error = await make()
      .on('https://api.example.com/other', {})
      .request(`${url}?key=s3cr3t`)
      .catch((error) => error);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain(`http.on('GET ${url}'`);
    expect(error.message).not.toContain('s3cr3t');
  });

  it('remembers what was sent', async () => {
    const http = make().on(url, {});
    await http.request(url, { method: 'PUT', headers: { 'X-A': '1' }, body: 'b' });
    expect(http.calls).toMatchObject([{ method: 'PUT', headers: { 'x-a': '1' }, body: 'b' }]);
    expect(http.calls[0]?.url.href).toBe(url);
  });

  it('can be away, hang and come back', async () => {
    const http = make().on(url, { body: 'fine' });
    http.fail();
    await expect(http.request(url)).rejects.toMatchObject({ kind: 'transient' });
    http.hang();
    const call = http.request(url);
    http.recover();
    expect((await call).text()).toBe('fine');
  });

  it.each(['odds', '/odds', 'get https://api.example.com/odds', 'https://'])(
    'refuses the route %j',
    (route) => {
      expect(() => make().on(route, {})).toThrow(ConfigurationError);
    },
  );
});
