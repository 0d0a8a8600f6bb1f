import { ConfigurationError } from '../errors/index.ts';

export type Sqlite = typeof import('node:sqlite');

let loaded: Sqlite | undefined;

/**
 * Node's own SQLite. Loading it for the first time announces that it is experimental, which tells a user of ours nothing
 * that he could act on: that one warning is left out, and no other.
 */
export function loadSqlite(): Sqlite {
  loaded ??= withoutItsWarning(() => process.getBuiltinModule('node:sqlite'));
  if (loaded === undefined) {
    throw new ConfigurationError(
      'Node.js',
      'of version 22.19 or newer, with SQLite built in',
      process.version,
    );
  }
  return loaded;
}

// Loading is synchronous, so nothing else can warn meanwhile.
function withoutItsWarning<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = ((...warning: Parameters<typeof emitWarning>) => {
    const [message, type] = warning as unknown[];
    if (type === 'ExperimentalWarning' && /^SQLite\b/.test(String(message))) return;
    emitWarning.apply(process, warning);
  }) as typeof emitWarning;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
