import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const jarPath = 'platform/cloud-firestore-emulator/cloud-firestore-emulator.jar';
/** Debian's place for Google's SDK. */
const usualRoot = '/usr/lib/google-cloud-sdk';

/** Google's own Firestore emulator, from the SDK of this machine; its jar, or why there is none. */
export const firestoreEmulator: { readonly jar: string } | { readonly missing: string } = findJar();

/**
 * Whether suites that need the emulator may skip, and why. Where everything must be tested, it throws instead.
 */
export function skipWithoutFirestore(): string | undefined {
  if ('jar' in firestoreEmulator) return undefined;
  if (process.env.REQUIRE_EMULATORS === '1') throw new Error(firestoreEmulator.missing);
  return firestoreEmulator.missing;
}

function findJar(): typeof firestoreEmulator {
  for (const root of roots()) {
    const jar = join(root, jarPath);
    if (existsSync(jar)) return hasJava() ? { jar } : { missing: 'Java is not installed' };
  }
  return {
    missing: `Google's Firestore emulator is not installed (${usualRoot}/${jarPath}, or under the root that gcloud tells)`,
  };
}

function* roots(): Generator<string> {
  if (process.env.CLOUDSDK_ROOT_DIR) yield process.env.CLOUDSDK_ROOT_DIR;
  yield usualRoot;
  try {
    const args = ['info', '--format=value(installation.sdk_root)'];
    yield execFileSync('gcloud', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    // No gcloud, no root.
  }
}

function hasJava(): boolean {
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A running emulator. Every project of it is a database of its own. */
export class FirestoreEmulator {
  readonly port: number;
  #process: ChildProcess;

  private constructor(port: number, process: ChildProcess) {
    this.port = port;
    this.#process = process;
  }

  static async start(): Promise<FirestoreEmulator> {
    const port = await freePort();
    const emulator = new FirestoreEmulator(port, launch(port));
    await emulator.#ready();
    return emulator;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Stops it as it is: connections stay open and nothing answers. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  /** Ends it and starts an empty one in its place. */
  async restart(): Promise<void> {
    await this.close();
    this.#process = launch(this.port);
    await this.#ready();
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode !== null || !this.#process.kill('SIGKILL')) return;
    await ended;
  }

  async #ready(): Promise<void> {
    for (let look = 0; look < 600; look++) {
      if (this.#process.exitCode !== null) throw new Error('The Firestore emulator ended at its start');
      if (await accepts(this.port)) return;
      await wait(50);
    }
    throw new Error('The Firestore emulator did not start within 30 s');
  }
}

function launch(port: number): ChildProcess {
  if (!('jar' in firestoreEmulator)) throw new Error(firestoreEmulator.missing);
  const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx512m', '-cp', firestoreEmulator.jar];
  const main = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';
  const child = spawn('java', [...java, main, 'start', '--host=127.0.0.1', `--port=${port}`], {
    stdio: 'ignore',
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  return child;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
