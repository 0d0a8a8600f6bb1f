import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { type ConfigOverrides, config } from './config.ts';

describe('config', () => {
  it('has a default for everything', () => {
    const { instance, ...rest } = config();
    expect(rest).toEqual({
      version: 'unversioned',
      host: 'local',
      heartbeat: { interval: 60_000, staleAfter: 300_000, deadAfter: 900_000 },
      processor: { timeout: 600_000, grace: 30_000 },
      circuit: { failures: 5, openFor: 1_800_000 },
      parking: { giveUpAfter: 129_600_000, lookEvery: 60_000, attempts: 10 },
    });
    expect(config().instance).not.toBe(instance);
  });

  it('lays over them what is given and keeps the others, also beside an undefined', () => {
    const made = config({
      version: '1.2.3',
      host: undefined,
      processor: { timeout: '5m', grace: undefined },
      heartbeat: { interval: 10_000, staleAfter: 20_000, deadAfter: 20_000 },
    });
    expect(made).toMatchObject({
      version: '1.2.3',
      host: 'local',
      processor: { timeout: 300_000, grace: 30_000 },
      heartbeat: { interval: 10_000, staleAfter: 20_000, deadAfter: 20_000 },
    });
    expect(config({ processor: { grace: 0 } }).processor.grace).toBe(0);
  });

  it.each<[string, ConfigOverrides]>([
    ['heartbeat.interval', { heartbeat: { interval: 0 } }],
    ['heartbeat.staleAfter', { heartbeat: { staleAfter: 'soon' } }],
    ['heartbeat.staleAfter', { heartbeat: { interval: '5m' } }],
    ['heartbeat.deadAfter', { heartbeat: { deadAfter: '4m' } }],
    ['processor.timeout', { processor: { timeout: Number.NaN } }],
    ['processor.timeout', { processor: { timeout: Infinity } }],
    ['processor.grace', { processor: { grace: -1 } }],
    ['circuit.failures', { circuit: { failures: 0 } }],
    ['circuit.openFor', { circuit: { openFor: '0s' } }],
    ['parking.giveUpAfter', { parking: { giveUpAfter: 0 } }],
    ['parking.lookEvery', { parking: { lookEvery: -5 } }],
    ['parking.attempts', { parking: { attempts: 1.5 } }],
  ])('names the field %s of a wrong setting', (field, overrides) => {
    expect(() => config(overrides)).toThrow(ConfigurationError);
    expect(() => config(overrides)).toThrow(`config.${field} must be`);
  });
});
