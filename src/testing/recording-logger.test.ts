import { describe, expect, it } from 'vitest';
import { RecordingLogger } from './recording-logger.ts';

describe('RecordingLogger', () => {
  it('keeps every line, with its level, in order', () => {
    const logger = new RecordingLogger();
    logger.debug('a');
    logger.info('b', { n: 1 });
    logger.warn('c');
    logger.error('d', { error: 'e' });
    expect(logger.lines).toEqual([
      { level: 'debug', message: 'a', fields: {} },
      { level: 'info', message: 'b', fields: { n: 1 } },
      { level: 'warn', message: 'c', fields: {} },
      { level: 'error', message: 'd', fields: { error: 'e' } },
    ]);
  });

  it('has the lines of its children among its own, with their fields, the line’s before the logger’s', () => {
    const logger = new RecordingLogger();
    const child = logger.child({ runId: 'r', n: 0 }).child({ step: 'load' });
    child.info('written', { n: 3 });
    logger.info('done');
    expect(logger.lines).toEqual([
      { level: 'info', message: 'written', fields: { runId: 'r', step: 'load', n: 3 } },
      { level: 'info', message: 'done', fields: {} },
    ]);
  });

  it('remembers no more than the newest ten thousand', () => {
    const logger = new RecordingLogger();
    for (let line = 0; line < 10_001; line++) logger.info(`${line}`);
    expect(logger.lines).toHaveLength(10_000);
    expect(logger.lines[0]).toMatchObject({ message: '1' });
  });
});
