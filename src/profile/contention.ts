import { isJava } from './frame.ts';
import { framePattern } from './frame-pattern.ts';
import type { Profile } from './profile.ts';
import { frameTypes } from './sampling.ts';

const isPark = framePattern([
  'jdk/internal/misc/Unsafe.park',
  'sun/misc/Unsafe.park',
  'java/util/concurrent/locks/LockSupport.park*',
]);
/**
 * What a thread parks on while another one holds it: async-profiler's own list (lockTracer.cpp), and StampedLock. A
 * condition, a queue, a latch or a future is waited for until somebody does something: that is no contention.
 */
const isLock = framePattern([
  'java.util.concurrent.locks.ReentrantLock*',
  'java.util.concurrent.locks.ReentrantReadWriteLock*',
  'java.util.concurrent.locks.StampedLock*',
  'java.util.concurrent.Semaphore*',
]);

/**
 * Which lock samples are parks that are not known to be contention: the JDK's recorder writes every park of a thread,
 * that of a pool without work, too. Monitors are always contention.
 * @returns one entry per row of `events.lock.samples`, 1 for such parks; empty without lock samples.
 */
export function awaitingRows(profile: Profile): Uint8Array {
  const samples = profile.events.lock?.samples;
  if (samples === undefined) return new Uint8Array();
  const { name, type } = profile.frames;
  const { parent, frame } = profile.stacks;
  const isMethod = name.map(
    (one, index) => one.includes('.') && isJava(frameTypes[type[index]!] ?? 'native'),
  );
  const isAwaiting = (stack: number): boolean => {
    // Class names have dots where methods have slashes: a class is no method, but may be in the default package.
    for (let node = stack; node > 0; node = parent[node]!) {
      if (isPark(name[frame[node]!]!)) return !isLock(name[frame[stack]!]!);
      const isLeaf = node === stack;
      if (!isLeaf && isMethod[frame[node]!]) return false;
    }
    return false;
  };
  const known = new Map<number, boolean>();
  return Uint8Array.from(samples.stack, (stack) => {
    let awaiting = known.get(stack);
    if (awaiting === undefined) known.set(stack, (awaiting = isAwaiting(stack)));
    return awaiting ? 1 : 0;
  });
}
