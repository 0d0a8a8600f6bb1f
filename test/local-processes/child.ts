import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of ours and what it has told so far. */
export interface Told<T> {
  readonly child: ChildProcess;
  readonly messages: T[];
  /** Resolves once it has told so many messages; rejects if it ends before. */
  told(count: number): Promise<void>;
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

export function startChild<T>(script: URL, ...args: string[]): Told<T> {
  const execArgv = ['--disable-warning=ExperimentalWarning'];
  const child = fork(script, args, { execArgv, silent: true });
  const messages: T[] = [];
  child.on('message', (message: T) => messages.push(message));
  let errors = '';
  child.stderr?.on('data', (text) => {
    errors += text;
  });
  const ended = once(child, 'exit').then(() => {});
  return {
    child,
    messages,
    ended,
    async told(count) {
      while (messages.length < count) {
        const running = await Promise.race([
          once(child, 'message').then(() => true),
          ended.then(() => false),
        ]);
        if (!running) throw new Error(`The process ended: ${errors}`);
      }
    },
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}
