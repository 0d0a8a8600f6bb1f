import { isDeepStrictEqual } from 'node:util';
import type { Access } from './history.ts';

/** The writes of a record in the one order that explains them, and what can't be explained, a line each. */
export interface Explained {
  readonly chain: readonly Access[];
  readonly problems: readonly string[];
}

/**
 * Whether one record, as several processes saw it, was one register at every moment (linearizability). The versions make it easy:
 * every write names the one that it replaced, so there is one order at most, and only that one must be held against the clock.
 */
export function explainRegister(place: string, accesses: readonly Access[]): Explained {
  const problems: string[] = [];
  const say = (problem: string) => problems.push(`${place}: ${problem}`);
  const reads = accesses.filter(({ operation, answeredAt }) => operation === 'get' && answeredAt < Infinity);
  const writes = landed(accesses, reads, say);
  const chain = chained(writes, say);
  const placeInChain = new Map(chain.map(({ version }, index) => [version, index]));

  for (const read of reads) {
    const index = read.version === undefined ? -1 : placeInChain.get(read.version);
    if (index === undefined) say(`${read.process} read version ${read.version}, which nobody wrote`);
    else if (index >= 0 && !isDeepStrictEqual(chain[index]?.value, read.value))
      say(`${read.process} read of version ${read.version} what was not written`);
  }
  for (const write of accesses) {
    if (write.operation !== 'put' || write.ok !== false) continue;
    const other = chain.find(({ ifVersion }) => ifVersion === write.ifVersion);
    if (other === undefined || other.calledAt > write.answeredAt)
      say(`${write.process} was refused a write over version ${write.ifVersion}, which nobody had replaced`);
  }
  inRealTime(chain, reads, placeInChain, say);
  return { chain, problems };
}

/** The writes that were done: those that were told so, and those without an answer whose value was read. */
function landed(
  accesses: readonly Access[],
  reads: readonly Access[],
  say: (problem: string) => void,
): Access[] {
  const writes = accesses.filter(({ operation }) => operation === 'put');
  const done = writes.filter(({ ok }) => ok === true);
  const known = new Set(done.map(({ version }) => version));
  if (known.size < done.length) say('two writes got the same version');
  const open = new Set(writes.filter(({ ok }) => ok === undefined));
  for (const { version, value } of reads) {
    if (version === undefined || known.has(version)) continue;
    const maybe = [...open].find((write) => isDeepStrictEqual(write.value, value));
    if (maybe === undefined) continue;
    open.delete(maybe);
    known.add(version);
    done.push({ ...maybe, version });
  }
  return done;
}

function chained(writes: readonly Access[], say: (problem: string) => void): Access[] {
  const next = new Map<string | undefined, Access>();
  for (const write of writes) {
    const other = next.get(write.ifVersion);
    if (other !== undefined)
      say(`version ${write.ifVersion} was replaced twice, by ${other.process} and by ${write.process}`);
    next.set(write.ifVersion, write);
  }
  const chain: Access[] = [];
  for (let write = next.get(undefined); write !== undefined; write = next.get(write.version)) {
    if (chain.length > writes.length) break;
    chain.push(write);
  }
  if (chain.length < writes.length)
    say(`${writes.length - chain.length} writes do not hang together with the first`);
  return chain;
}

/** Nothing that was over before another thing began comes after it in the order. */
function inRealTime(
  chain: readonly Access[],
  reads: readonly Access[],
  placeInChain: ReadonlyMap<string | undefined, number>,
  say: (problem: string) => void,
): void {
  const ordered = [
    ...chain.map((access, index) => ({ access, position: 2 * index })),
    ...reads.map((access) => ({ access, position: 2 * (placeInChain.get(access.version) ?? -1) + 1 })),
  ].sort((a, b) => a.position - b.position);
  let latestCall = Number.NEGATIVE_INFINITY;
  let ofThisPosition = Number.NEGATIVE_INFINITY;
  let time = Number.NEGATIVE_INFINITY;
  for (const [index, { access, position }] of ordered.entries()) {
    if (position !== ordered[index - 1]?.position) {
      latestCall = Math.max(latestCall, ofThisPosition);
      ofThisPosition = Number.NEGATIVE_INFINITY;
    }
    if (access.answeredAt < latestCall)
      say(
        `${access.process}'s ${access.operation} of version ${access.version} was over before what it comes after began`,
      );
    ofThisPosition = Math.max(ofThisPosition, access.calledAt);
    if (access.operation !== 'put' || access.time === undefined) continue;
    if (access.time < time) say(`the store's time went back at version ${access.version}`);
    time = access.time;
  }
}
