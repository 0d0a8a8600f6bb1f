import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * This process's name as a holder of claims: which process of this machine, since which start of it. A process id alone
 * is given out again.
 */
export function thisInstance(): string {
  return `${process.pid}:${startOf(process.pid) ?? '?'}:${bootId()}:${randomBytes(4).toString('hex')}`;
}

/** Whether the process behind a holder's name is gone for certain; one of another machine or boot scheme is not judged. */
export function isGone(instance: string): boolean {
  const [pid, start, boot] = instance.split(':');
  const id = Number(pid);
  if (!Number.isInteger(id) || id <= 0 || start === undefined || boot === undefined) return false;
  if (boot !== bootId()) return true;
  const now = startOf(id);
  // Where the system tells no start times, only the process's absence is certain.
  if (now === undefined || start === '?') return !exists(id);
  return now !== start;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The process's start in ticks since boot, where Linux tells it: field 22, counted from behind the name in brackets. */
function startOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended: only its parent has not looked yet.
  return fields[0] === 'Z' ? 'ended' : fields[19];
}

/** Which start of this machine it is, where Linux tells it. */
export function bootId(): string {
  return readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown-boot';
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
