import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigurationError } from '../errors/index.ts';
import { parseOptions } from './parse-options.ts';

describe('options', () => {
  it('are what their schema makes of them', () => {
    const schema = z.strictObject({
      day: z.iso.date(),
      season: z.number().default(2025),
      tag: z.string().optional(),
    });
    expect(parseOptions('P', schema, { day: '2026-01-15', tag: undefined })).toEqual({
      day: '2026-01-15',
      season: 2025,
      tag: undefined,
    });
  });

  it('name the field that is wrong, what was given and what is allowed', () => {
    const schema = z.strictObject({ games: z.array(z.strictObject({ id: z.string() })) });
    const parse = () => parseOptions('P', schema, { games: [{ id: 'a' }, { id: 7 }] });
    expect(parse).toThrow(ConfigurationError);
    expect(parse).toThrow(/^P\.options\.games\.1\.id must be as its schema says \(.*string.*\), received 7$/);
    expect(() => parseOptions('P', schema, { games: [], gmaes: [] })).toThrow('gmaes');
  });

  it('may hold what comes back from JSON as the same', () => {
    const schema = z.strictObject({ since: z.coerce.date() });
    expect(parseOptions('P', schema, { since: '2026-01-15' })).toEqual({ since: new Date('2026-01-15') });
  });

  it.each([
    ['a date that is not read from text', z.strictObject({ at: z.date() }), { at: new Date() }],
    ['a bigint', z.strictObject({ n: z.bigint() }), { n: 1n }],
    ['a map', z.strictObject({ m: z.map(z.string(), z.string()) }), { m: new Map([['a', 'b']]) }],
    ['NaN', z.strictObject({ n: z.nan() }), { n: Number.NaN }],
    ['what grows each time', z.strictObject({ s: z.string().transform((s) => `${s}!`) }), { s: 'a' }],
    ['a list', z.array(z.string()), ['a']],
    ['a text', z.string(), 'a'],
    ['nothing', z.undefined(), undefined],
  ])('are refused when a parked run could not be started with them again: %s', (_, schema, options) => {
    const parse = () => parseOptions('P', schema as z.ZodType<unknown>, options);
    expect(parse).toThrow(ConfigurationError);
    expect(parse).toThrow('P.options must be an object that is the same to its schema');
  });
});
