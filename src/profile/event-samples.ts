import { frameKind, type ApplicationCode, type FrameKind } from './frame-kind.ts';
import { isJava } from './frame.ts';
import { leftOutRows } from './idle.ts';
import type { Profile, ProfileEvent } from './profile.ts';
import type { RateUnit } from './quantities.ts';
import { isRated } from './recorded.ts';
import { endsInClass, frameTypes, slotSeconds, threadStates } from './sampling.ts';
import { stableName } from './stable-name.ts';
import { activities, stackActivity, type Activity } from './wait-kind.ts';

/** Represents all stacks of garbage collector threads, whose frames say little. */
export const collectorFrame = 'garbage collection';
/** Represents all stacks of compiler threads. */
export const compilerFrame = 'JIT compilation';

/** A comparison keeps sums by block for each of some hundred frames. Six hours by the second. */
const maximumBlocks = 6 * 3600;

/** States in which a thread does not run, whatever its stack says. */
const waitingStates = new Set(
  (['sleeping', 'parked', 'contended'] as const).map((state) => threadStates.indexOf(state)),
);

/** Numbers names, so that two profiles can be counted in the same columns. */
export class FrameNames {
  readonly names: string[] = [];
  readonly kinds: FrameKind[] = [];
  private readonly numbers = new Map<string, number>();

  number(name: string, kind: FrameKind): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    const number = this.names.length;
    this.numbers.set(name, number);
    this.names.push(name);
    this.kinds.push(kind);
    return number;
  }
}

/** One event of a profile, ready for counting: without idle threads, names stable, each frame once per stack. */
export interface EventSamples {
  /** Stacks that were sampled, outermost first, as numbers of `FrameNames`; recursion is left out. */
  paths: readonly (readonly number[])[];
  /** What the innermost frames of each path do. */
  pathActivity: readonly Activity[];
  /** Rows: index of `paths`, block of `blockSeconds`, samples, and what they stand for (seconds or bytes). */
  path: readonly number[];
  block: readonly number[];
  count: readonly number[];
  value: readonly number[];
  thread: readonly number[];
  blocks: number;
  /** Length of a block: 1, but where that would be too many. */
  blockSeconds: number;
  seconds: number;
  /** Samples, without those left out. */
  samples: number;
  /** Seconds or bytes of them. */
  total: number;
  /** What one sample stands for on average, or by the interval when there are none. */
  perSample: number;
  /** What `total` is of: the event, or samples where nothing says what one stands for; `value` is then the count. */
  unit: RateUnit;
  /** Samples left out: see `leftOutRows`. */
  idle: number;
}

/**
 * Makes one event of a profile ready for counting.
 * @param names shared by the profiles that are to be compared.
 * @param keepsIdle true leaves nothing out: for a window in which no thread was working.
 * @returns no rows when the profile lacks the event.
 */
export function eventSamples(
  profile: Profile,
  event: ProfileEvent,
  code: ApplicationCode,
  names: FrameNames,
  { keepsIdle = false }: { keepsIdle?: boolean } = {},
): EventSamples {
  const source = profile.events[event];
  const seconds = Math.max(profile.durationSeconds, 1);
  const blockSeconds = Math.max(1, seconds / maximumBlocks);
  const blocks = Math.max(1, Math.round(seconds / blockSeconds));
  const unit = source?.unit === 'bytes' ? 1 : 1e-9;
  const rated = isRated(profile, event);
  const rows = { path: [] as number[], block: [] as number[], count: [] as number[], value: [] as number[] };
  const thread: number[] = [];
  const paths: number[][] = [];
  const pathActivity: Activity[] = [];
  const idleRows = keepsIdle ? null : leftOutRows(profile, event, code);
  const pathOf = pathMaker(profile, event, code, names);
  const activityOf = stackActivity(profile, code);
  const pathOfStack = new Map<number, number>();
  let samples = 0;
  let total = 0;
  let idle = 0;
  (source?.samples.stack ?? []).forEach((stack, row) => {
    const count = source?.samples.count[row] ?? 0;
    if (idleRows?.[row] === 1) {
      idle += count;
      return;
    }
    const sleeps = event === 'wall' && waitingStates.has(source?.samples.state[row] ?? 0);
    const key = sleeps ? -1 - stack : stack;
    let path = pathOfStack.get(key);
    if (path === undefined) {
      path = paths.length;
      pathOfStack.set(key, path);
      paths.push(pathOf(stack));
      const activity = activityOf(stack);
      pathActivity.push(sleeps && activity === 'running' ? 'waiting' : activity);
    }
    const value = rated ? (source?.samples.value[row] ?? 0) * unit : count;
    const block = Math.floor(((source?.samples.slot[row] ?? 0) * slotSeconds) / blockSeconds);
    rows.path.push(path);
    rows.block.push(Math.min(block, blocks - 1));
    rows.count.push(count);
    rows.value.push(value);
    thread.push(source?.samples.thread[row] ?? 0);
    samples += count;
    total += value;
  });
  const perSample = samples > 0 ? total / samples : (source?.interval ?? 0) * unit;
  return {
    paths,
    pathActivity,
    ...rows,
    thread,
    blocks,
    blockSeconds,
    seconds,
    samples,
    total,
    perSample,
    unit: rated ? event : 'samples',
    idle,
  };
}

/** Sums a column by activity. */
export function byActivity(samples: EventSamples, column: readonly number[]): Record<Activity, number> {
  const sums = Object.fromEntries(activities.map((activity) => [activity, 0])) as Record<Activity, number>;
  samples.path.forEach((path, row) => {
    sums[samples.pathActivity[path] ?? 'running'] += column[row] ?? 0;
  });
  return sums;
}

function pathMaker(
  profile: Profile,
  event: ProfileEvent,
  code: ApplicationCode,
  names: FrameNames,
): (stack: number) => number[] {
  const { parent, frame } = profile.stacks;
  const dropsClass = endsInClass(event);
  const isClass = profile.frames.name.map(
    (name, index) => !name.includes('/') && isClassType(profile.frames.type[index] ?? 0),
  );
  const numbers: number[] = [];
  const numberOf = (index: number): number => {
    const known = numbers[index];
    if (known !== undefined) return known;
    const name = profile.frames.name[index] ?? '';
    const kind = frameKind(name, frameTypes[profile.frames.type[index] ?? 0] ?? 'native', code);
    const number = names.number(stableName(name), kind);
    numbers[index] = number;
    return number;
  };
  return (stack) => {
    let leaf = stack;
    if (dropsClass && isClass[frame[leaf] ?? 0]) leaf = parent[leaf] ?? 0;
    const inward: number[] = [];
    for (let node = leaf; node > 0; node = parent[node] ?? 0) inward.push(numberOf(frame[node] ?? 0));
    const path = [...new Set(inward.reverse())];
    const machinery = runtimeFrameOf(path, names);
    return machinery === null ? path : [names.number(machinery, 'gc-jit'), ...path];
  };
}

function isClassType(type: number): boolean {
  const name = frameTypes[type] ?? 'native';
  return isJava(name) || name === 'kernel';
}

/**
 * The frame that represents a stack of the collectors or compilers; null for any other.
 * @param path frames from the outermost, as numbers of `names`.
 */
export function runtimeFrameOf(
  path: readonly number[],
  names: { names: readonly string[]; kinds: readonly string[] },
): string | null {
  let collectorOrCompiler = false;
  for (const number of path) {
    const kind = names.kinds[number];
    if (kind === 'application' || kind === 'framework' || kind === 'jdk') return null;
    if (names.names[number]?.startsWith('CompileBroker::')) return compilerFrame;
    collectorOrCompiler ||= kind === 'gc-jit';
  }
  return collectorOrCompiler ? collectorFrame : null;
}
