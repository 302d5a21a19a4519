import { isJava } from './frame.ts';
import { framePattern, relocatedPattern } from './frame-pattern.ts';
import { frameKind, type ApplicationCode } from './frame-kind.ts';
import { takesFromQueue, waits, waitsForWork, waitsForWorkPairs, worksOnTask } from './idle-patterns.ts';
import { awaitingRows } from './contention.ts';
import type { Profile, ProfileEvent } from './profile.ts';
import { frameTypes, threadStates } from './sampling.ts';

/** What one stack says on its own. */
type StackVerdict = 'waits-for-work' | 'waits-in-loop' | 'jvm-waits' | 'works';

/**
 * A dedicated thread that spends at least this share of its samples in one and the same wait is a timer or a consumer,
 * not slow work.
 */
const loopShare = 0.9;
/** Frames of application or framework between such a thread's first frame and its wait. */
const loopFrames = 2;
/**
 * Of the application: the thread's own method. What waits deeper than that was called to do something, and is stuck,
 * unless it takes the next element of a queue.
 */
const ownLoopFrames = 1;

/** Frames that say by themselves that their thread waits for work. */
export const isWaitForWork = relocatedPattern(waitsForWork);
const isTask = relocatedPattern(worksOnTask);
const isQueue = framePattern(takesFromQueue);
const isWait = framePattern([...waits.sleep, ...waits.park, ...waits.socketRead]);
const pairs = waitsForWorkPairs.map(
  ([caller, callee]) => [relocatedPattern([caller]), relocatedPattern([callee])] as const,
);

/**
 * Which wall samples are threads that wait for work: pool threads without a task, selectors, accept, timers, the
 * JVM's own threads. A thread that waits inside a request (for a connection, a lock, an answer) is not idle.
 * @returns one entry per row of `events.wall.samples`, 1 for idle; empty without wall samples.
 */
export function idleWallRows(profile: Profile, code: ApplicationCode): Uint8Array {
  const samples = profile.events.wall?.samples;
  if (samples === undefined) return new Uint8Array();
  const verdicts = stackVerdicts(profile, code);
  const sleeping = threadStates.indexOf('runnable');
  const rows = samples.stack.length;
  const idle = new Uint8Array(rows);

  const totalOfThread = new Map<number, number>();
  const loopOfThread = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const thread = samples.thread[row] ?? 0;
    const count = samples.count[row] ?? 0;
    totalOfThread.set(thread, (totalOfThread.get(thread) ?? 0) + count);
    if (verdicts[samples.stack[row] ?? 0] === 'waits-in-loop') {
      loopOfThread.set(thread, (loopOfThread.get(thread) ?? 0) + count);
    }
  }
  for (let row = 0; row < rows; row++) {
    const verdict = verdicts[samples.stack[row] ?? 0];
    const thread = samples.thread[row] ?? 0;
    if (verdict === 'waits-for-work') idle[row] = 1;
    else if (verdict === 'jvm-waits') idle[row] = samples.state[row] === sleeping ? 0 : 1;
    else if (verdict === 'waits-in-loop') {
      const share = (loopOfThread.get(thread) ?? 0) / Math.max(1, totalOfThread.get(thread) ?? 0);
      if (share >= loopShare) idle[row] = 1;
    }
  }
  return idle;
}

/**
 * Which samples of an event its figures and pictures leave out: idle threads of wall, waits of lock that are no
 * contention (see `awaitingRows`).
 * @returns one entry per row, 1 for those left out; null where the event has none of them.
 */
export function leftOutRows(profile: Profile, event: ProfileEvent, code: ApplicationCode): Uint8Array | null {
  if (event === 'wall') return idleWallRows(profile, code);
  return event === 'lock' ? awaitingRows(profile) : null;
}

function stackVerdicts(profile: Profile, code: ApplicationCode): StackVerdict[] {
  const names = profile.frames.name;
  const waitForWork = names.map(isWaitForWork);
  const task = names.map(isTask);
  const wait = names.map(isWait);
  const queue = names.map(isQueue);
  const java: boolean[] = [];
  const outside: boolean[] = [];
  const own: boolean[] = [];
  names.forEach((name, index) => {
    const type = frameTypes[profile.frames.type[index] ?? 0] ?? 'native';
    const kind = frameKind(name, type, code);
    java.push(isJava(type) && name !== '');
    outside.push(kind === 'application' || kind === 'framework');
    own.push(kind === 'application');
  });

  const { parent, frame } = profile.stacks;
  const nodes = parent.length;
  const seenWaitForWork = new Uint8Array(nodes);
  const seenTask = new Uint8Array(nodes);
  const seenJava = new Uint8Array(nodes);
  const seenWait = new Uint8Array(nodes);
  const seenQueue = new Uint8Array(nodes);
  const outsideFrames = new Uint32Array(nodes);
  const ownFrames = new Uint32Array(nodes);
  const verdicts: StackVerdict[] = ['works'];
  for (let node = 1; node < nodes; node++) {
    const above = parent[node] ?? 0;
    const here = frame[node] ?? 0;
    const pair = pairs.some(
      ([caller, callee]) => callee(names[here] ?? '') && caller(names[frame[above] ?? 0] ?? ''),
    );
    seenWaitForWork[node] = waitForWork[here] || pair || seenWaitForWork[above] ? 1 : 0;
    seenTask[node] = task[here] || seenTask[above] ? 1 : 0;
    seenJava[node] = java[here] || seenJava[above] ? 1 : 0;
    seenWait[node] = wait[here] || seenWait[above] ? 1 : 0;
    seenQueue[node] = queue[here] || seenQueue[above] ? 1 : 0;
    outsideFrames[node] = outsideFrames[above]! + (outside[here] ? 1 : 0);
    ownFrames[node] = ownFrames[above]! + (own[here] ? 1 : 0);
    const isLoop =
      outsideFrames[node]! <= loopFrames && (seenQueue[node] === 1 || ownFrames[node]! <= ownLoopFrames);
    if (seenWaitForWork[node]) verdicts.push('waits-for-work');
    else if (!seenJava[node]) verdicts.push('jvm-waits');
    else if (seenWait[node] && !seenTask[node] && isLoop) verdicts.push('waits-in-loop');
    else verdicts.push('works');
  }
  return verdicts;
}
