import { ConfigurationError } from '../errors/index.ts';

/** Loads an optional peer. @throws ConfigurationError naming the package if it can't be loaded. */
export async function requirePeer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new ConfigurationError(
      'breakwater/google',
      `used with ${name} installed`,
      'none that can be loaded',
      {
        cause,
      },
    );
  }
}
