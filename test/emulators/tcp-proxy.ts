import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * How the network between a client and its server is: `pass`; `hold` keeps all bytes back, and lets them through when it is
 * `pass` again (one that dropped them would leave a healed connection stuck); `refuse` listens no more; `reset` cuts every
 * connection, new ones too; `delay` passes everything so many milliseconds late; `cut` ends a connection after so many bytes
 * of answer.
 */
export type Network =
  | 'pass'
  | 'hold'
  | 'refuse'
  | 'reset'
  | { readonly delay: number }
  | { readonly cut: number };

/** A TCP proxy on a free port of this machine. */
export class TcpProxy {
  readonly #target: number;
  #server: Server | undefined;
  #port = 0;
  #network: Network = 'pass';
  readonly #pairs = new Set<Pair>();

  constructor(target: number) {
    this.#target = target;
  }

  static async before(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await proxy.#listen();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#pairs.size;
  }

  async set(network: Network): Promise<void> {
    this.#network = network;
    if (network === 'refuse' || network === 'reset') for (const pair of this.#pairs) pair.reset();
    if (network === 'refuse') await this.#unlisten();
    else if (this.#server === undefined) await this.#listen();
    for (const pair of this.#pairs) pair.flush();
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.reset();
    await this.#unlisten();
  }

  async #listen(): Promise<void> {
    const server = createServer((client) => {
      if (this.#network === 'reset') {
        client.on('error', () => {});
        client.resetAndDestroy();
        return;
      }
      const pair = new Pair(client, connect(this.#target, '127.0.0.1'), () => this.#network);
      this.#pairs.add(pair);
      pair.closed.then(() => this.#pairs.delete(pair));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async #unlisten(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** One connection: the client's end and the server's. */
class Pair {
  readonly closed: Promise<void>;
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #network: () => Network;
  readonly #held: (() => void)[] = [];
  // Steps on their way through a slow network, in order.
  readonly #delayed: { readonly step: () => void; readonly dueAt: number }[] = [];
  #answered = 0;

  constructor(client: Socket, upstream: Socket, network: () => Network) {
    this.#client = client;
    this.#upstream = upstream;
    this.#network = network;
    this.#pipe(client, upstream, false);
    this.#pipe(upstream, client, true);
    this.closed = new Promise((resolve) => client.on('close', () => resolve()));
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#upstream.destroy();
  }

  /** Lets go of what was held, unless it is to be held on. */
  flush(): void {
    if (this.#network() === 'hold') return;
    for (const step of this.#held.splice(0)) step();
  }

  #pipe(from: Socket, to: Socket, isAnswer: boolean): void {
    from.on('error', () => to.destroy());
    from.on('data', (chunk: Buffer) => this.#when(() => this.#forward(to, chunk, isAnswer)));
    from.on('end', () => this.#when(() => to.end()));
    from.on('close', () => this.#when(() => to.destroy()));
  }

  #when(step: () => void): void {
    const network = this.#network();
    if (network === 'hold' || this.#held.length > 0) this.#held.push(step);
    else this.#delay(step, typeof network === 'object' && 'delay' in network ? network.delay : 0);
  }

  #delay(step: () => void, delay: number): void {
    // Nothing overtakes what is still on its way.
    if (delay === 0 && this.#delayed.length === 0) step();
    else {
      this.#delayed.push({ step, dueAt: performance.now() + delay });
      setTimeout(() => this.#passOn(), delay);
    }
  }

  #passOn(): void {
    // A timer may fire a little early.
    const now = performance.now() + 1;
    for (let next = this.#delayed[0]; next !== undefined && next.dueAt <= now; next = this.#delayed[0]) {
      this.#delayed.shift();
      next.step();
    }
  }

  #forward(to: Socket, chunk: Buffer, isAnswer: boolean): void {
    const network = this.#network();
    if (isAnswer && typeof network === 'object' && 'cut' in network) {
      this.#answered += chunk.length;
      if (this.#answered > network.cut) {
        this.reset();
        return;
      }
    }
    if (!to.destroyed) to.write(chunk);
  }
}
