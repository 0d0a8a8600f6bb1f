import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { type ConfigOverrides, config, settingsFor } from './config.ts';

describe('config', () => {
  it('has a default for everything', () => {
    const { instance, ...rest } = config();
    expect(rest).toEqual({
      version: 'unversioned',
      host: 'local',
      heartbeat: { interval: 60_000, staleAfter: 300_000, deadAfter: 900_000 },
      processor: { timeout: 600_000, grace: 30_000 },
      circuit: { failures: 5, openFor: 1_800_000 },
      processors: {},
      push: { ackDeadline: undefined, requestTimeout: undefined },
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
    ['processors.Stats.timeout', { processors: { Stats: { timeout: 'soon' } } }],
    ['processors.Stats.circuit.failures', { processors: { Stats: { circuit: { failures: 0 } } } }],
    ['processors.Stats.circuit.openFor', { processors: { Stats: { circuit: { openFor: -1 } } } }],
    ['processors.STATS', { processors: { StatsProcessor: {}, STATS: {} } }],
    ['processors._', { processors: { _: {} } }],
    ['push.ackDeadline', { push: { ackDeadline: '9s' } }],
    ['push.ackDeadline', { push: { ackDeadline: '601s' } }],
    ['push.ackDeadline', { push: { ackDeadline: '5m', requestTimeout: '4m' }, processor: { timeout: '1m' } }],
    ['push.requestTimeout', { push: { requestTimeout: 0 } }],
    // 600 s, 30 s of grace and 10 s of recording.
    ['processor.timeout', { push: { ackDeadline: '600s' } }],
    ['processor.timeout', { push: { requestTimeout: '639s' } }],
    [
      'processors.stats.timeout',
      { push: { requestTimeout: '11m' }, processors: { Stats: { timeout: '11m' } } },
    ],
  ])('names the field %s of a wrong setting', (field, overrides) => {
    expect(() => config(overrides)).toThrow(ConfigurationError);
    expect(() => config(overrides)).toThrow(`config.${field} must be`);
  });

  it('takes time-outs that just fit into what a push waits', () => {
    expect(config({ push: { requestTimeout: '640s' } }).push.requestTimeout).toBe(640_000);
    const made = config({
      push: { ackDeadline: '600s', requestTimeout: '600s' },
      processor: { timeout: '560s' },
    });
    expect(made.push).toEqual({ ackDeadline: 600_000, requestTimeout: 600_000 });
  });
});

describe('the settings of one processor', () => {
  const definition = {
    name: 'PlayerGameSummaryProcessor',
    timeout: 1_000 as number | undefined,
    circuit: { failures: 2 as number | undefined, openFor: undefined as number | undefined },
  };

  it('are its definition’s, else the context’s', () => {
    expect(settingsFor(config(), definition)).toEqual({ timeout: 1_000, failures: 2, openFor: 1_800_000 });
    const plain = { ...definition, timeout: undefined, circuit: {} };
    expect(settingsFor(config(), plain)).toEqual({ timeout: 600_000, failures: 5, openFor: 1_800_000 });
  });

  it.each(['PlayerGameSummaryProcessor', 'PLAYER_GAME_SUMMARY', 'player-game-summary-processor'])(
    'go before both, under the name %s, and are nobody else’s',
    (name) => {
      const made = config({
        processors: { [name]: { timeout: '20m', circuit: { failures: 9, openFor: '1h' } } },
      });
      const own = { timeout: 1_200_000, failures: 9, openFor: 3_600_000 };
      expect(settingsFor(made, definition)).toEqual(own);
      expect(settingsFor(made, { ...definition, name: 'TeamOffense' })).toMatchObject({ timeout: 1_000 });
    },
  );

  it('leave what they don’t say as it is, whatever the processor is called', () => {
    const made = config({ processors: { PlayerGameSummary: { circuit: { openFor: '2h' } } } });
    expect(settingsFor(made, definition)).toEqual({ timeout: 1_000, failures: 2, openFor: 7_200_000 });
    expect(settingsFor(made, { ...definition, name: 'constructor' })).toMatchObject({ timeout: 1_000 });
  });
});
