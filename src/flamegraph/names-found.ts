import { collectorFrame, compilerFrame, runtimeFrameOf } from '../profile/event-samples.ts';
import type { Reading } from './reading.ts';
import { exactName, nameMatcher } from './search.ts';

/** Names of the frames that a search means; null where nothing is searched. */
export function namesFound(reading: Reading, query: string): ReadonlySet<string> | null {
  const exact = exactName(query);
  if (exact === collectorFrame || exact === compilerFrame) return startsOf(exact, reading);
  const accepts = nameMatcher(query);
  if (accepts === null) return null;
  return new Set(reading.named.frames.map(({ name }) => name).filter((name) => accepts(name)));
}

/**
 * Tables have one name for all stacks of the collectors, and one for those of the compilers, that no frame has: here
 * it is the frames with which their part of the stacks begins, but for those that other threads come into as well, to
 * wait for a safepoint for one. O(samples × depth).
 */
function startsOf(machinery: string, { profile, named }: Reading): Set<string> {
  const { parent, frame } = profile.stacks;
  const names = named.frames.map(({ name }) => name);
  const kinds = named.frames.map(({ kind }) => kind);
  const starts = new Set<string>();
  const elsewhere = new Set<string>();
  for (const sampled of new Set(Object.values(profile.events).flatMap(({ samples }) => samples.stack))) {
    const path: number[] = [];
    for (let stack = sampled; stack > 0; stack = parent[stack]!) path.push(named.of[frame[stack]!]!);
    path.reverse();
    const own = path.filter((at) => kinds[at] === 'gc-jit').map((at) => names[at]!);
    if (own.length === 0) continue;
    if (runtimeFrameOf(path, { names, kinds }) === machinery) starts.add(own[0]!);
    else for (const name of own) elsewhere.add(name);
  }
  return new Set([...starts].filter((name) => !elsewhere.has(name)));
}
