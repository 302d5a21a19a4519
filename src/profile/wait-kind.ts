import { frameKind, type ApplicationCode } from './frame-kind.ts';
import { framePattern } from './frame-pattern.ts';
import { isJava } from './frame.ts';
import { waits } from './idle-patterns.ts';
import type { Profile } from './profile.ts';
import { frameTypes } from './sampling.ts';

/** What a thread does at the moment of a wall sample. */
export const activities = [
  'running',
  'lock',
  'sleep',
  'socket-read',
  'socket-write',
  'file',
  'parked',
  /** Not running by the recorded state, in code that says nothing of it. */
  'waiting',
] as const;
export type Activity = (typeof activities)[number];

/** HotSpot's way into a contended monitor, and the JDK's own locks that are taken by parking. */
const entersMonitor = framePattern([
  'ObjectMonitor::enter*',
  'ObjectMonitor::EnterI',
  'ObjectSynchronizer::enter*',
  'Runtime1::monitorenter',
  'SharedRuntime::complete_monitor_locking_C',
  'SharedRuntime::monitor_enter_helper',
  'InterpreterRuntime::monitorenter',
]);
const takesLock = framePattern([
  'java/util/concurrent/locks/ReentrantLock.lock*',
  'java/util/concurrent/locks/ReentrantLock$*ock*',
  'java/util/concurrent/locks/ReentrantReadWriteLock$*Lock.lock*',
  'java/util/concurrent/locks/StampedLock.*ead*ock*',
  'java/util/concurrent/locks/StampedLock.*rite*ock*',
]);
/** Native code that waits for a peer: drivers and servers with their own sockets. */
const waitsNatively = framePattern(['*recv', '*recvfrom', '*recvmsg', '*poll', '*connect', '*__libc_read']);
const isSleep = framePattern(waits.sleep);
const isSocketRead = framePattern(waits.socketRead);
const isSocketWrite = framePattern(waits.socketWrite);
const isFile = framePattern(waits.file);
const isPark = framePattern(waits.park);

/**
 * What a stack does, judged by its innermost frames: native ones, then the JDK's, up to the first frame of the
 * application or a framework.
 * @returns a function of a sample's stack.
 */
export function stackActivity(profile: Profile, code: ApplicationCode): (stack: number) => Activity {
  const { name, type } = profile.frames;
  const known = new Array<FrameFacts | undefined>(name.length);
  const factsOf = (index: number): FrameFacts => (known[index] ??= judge(index));
  const judge = (index: number): FrameFacts => {
    const text = name[index] ?? '';
    const frameType = frameTypes[type[index] ?? 0] ?? 'native';
    if (!isJava(frameType)) {
      const hint = entersMonitor(text) ? 'lock' : waitsNatively(text) ? 'socket-read' : null;
      return { hint, java: false, ends: false };
    }
    if (frameKind(text, frameType, code) !== 'jdk') return { hint: null, java: true, ends: true };
    return { hint: hintOfJdk(text), java: true, ends: false };
  };
  const { parent, frame } = profile.stacks;
  return (stack) => {
    let found: Activity = 'running';
    let seenJava = false;
    for (let node = stack; node > 0; node = parent[node] ?? 0) {
      const fact = factsOf(frame[node] ?? 0);
      if (fact.ends) break;
      // What the JDK says beats the system call below it: accept and select poll, too.
      if (fact.java && !seenJava && found === 'socket-read') found = 'running';
      seenJava ||= fact.java;
      if (fact.hint !== null && (found === 'running' || outranks(fact.hint, found))) found = fact.hint;
    }
    return found;
  };
}

interface FrameFacts {
  hint: Activity | null;
  java: boolean;
  /** True for the first frame that is not the JDK's: what lies above it is somebody's own doing. */
  ends: boolean;
}

/** A lock is taken by parking, and sockets share their system calls with files. */
function outranks(outer: Activity, inner: Activity): boolean {
  return outer === 'lock' || (inner === 'file' && (outer === 'socket-read' || outer === 'socket-write'));
}

function hintOfJdk(name: string): Activity | null {
  if (takesLock(name)) return 'lock';
  if (isSleep(name)) return 'sleep';
  if (isSocketRead(name)) return 'socket-read';
  if (isSocketWrite(name)) return 'socket-write';
  if (isFile(name)) return 'file';
  return isPark(name) ? 'parked' : null;
}
