// Runs before every test file: nothing under test may talk to anything but this machine.
import { Socket } from 'node:net';

// Google's clients look for a metadata server when they find no credentials; told so, they do not.
process.env.METADATA_SERVER_DETECTION = 'none';
process.env.GCE_METADATA_HOST = '127.0.0.1:9';

const connect = Socket.prototype.connect;

Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  const host = hostOf(args);
  if (host !== undefined && !isLoopback(host)) {
    throw new Error(`A test tried to connect to ${host}: tests talk to this machine only`);
  }
  return Reflect.apply(connect, this, args) as Socket;
} as typeof connect;

/** The host of any shape of `connect`'s arguments; undefined for a path or where Node takes localhost. */
function hostOf(args: readonly unknown[]): string | undefined {
  // Node hands its own normalised arguments on as one array.
  const [target, second] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  if (typeof target === 'object' && target !== null) return (target as { host?: string }).host;
  return typeof second === 'string' ? second : undefined;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}
