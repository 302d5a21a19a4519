import { byActivity, compilerFrame, type EventSamples, type FrameNames } from '../event-samples.ts';
import type { FrameKind } from '../frame-kind.ts';
import { percent, rate } from '../quantities.ts';
import type { ProfileEvent } from '../profile.ts';
import type { Activity } from '../wait-kind.ts';

/** How an event divides, in one sentence. */

const activityWords: Record<Activity, string> = {
  running: 'running',
  lock: 'blocked on locks',
  sleep: 'sleeping',
  'socket-read': 'waiting for answers',
  'socket-write': 'sending',
  file: 'file I/O',
  parked: 'parked',
  waiting: 'otherwise waiting',
};
/** Collectors and compilers are told apart: they call for different remedies. */
type Spender = Exclude<FrameKind, 'gc-jit'> | 'collector' | 'compiler';

const kindWords: Record<Spender, string> = {
  application: 'application',
  framework: 'framework',
  jdk: 'JDK',
  native: 'native',
  kernel: 'kernel',
  collector: 'GC',
  compiler: 'JIT compilation',
};
/** Parts below this are left out of the sentence. */
const worthSaying = 0.01;

/** One sentence about what the event's total is made of, '' without samples; `of` says which part is meant, '' for the whole. */
export function division(event: ProfileEvent, samples: EventSamples, names: FrameNames, of: string): string {
  if (samples.samples === 0) return '';
  const subject = of === '' ? '' : ` of ${of}`;
  const isRated = samples.unit !== 'samples';
  const total = isRated ? rate(samples.total / samples.seconds, event) : `${samples.samples} samples`;
  switch (event) {
    case 'wall': {
      const activities = parts(byActivity(samples, samples.count), activityWords);
      return isRated
        ? `Time${subject}: ${activities}; ${total} active on average.`
        : `wall${subject}: ${total}, of which ${activities}.`;
    }
    case 'cpu':
      return `cpu${subject}: ${total}, of which ${parts(byKind(samples, names), kindWords)}.`;
    case 'lock':
    case 'nativelock':
      return `${event}${subject}: threads were blocked ${total} (seconds of waiting per second).`;
    case 'alloc':
    case 'live':
    case 'nativemem':
      return `${event}${subject}: ${total}, of which ${parts(byKind(samples, names), kindWords)}.`;
  }
}

/** Says how much was left out, and why; '' when nothing was, or there is nothing else. */
export function leftOutSentence(event: ProfileEvent, samples: EventSamples): string {
  if (samples.idle === 0 || samples.samples === 0) return '';
  if (event === 'lock')
    return `Waits for other things than a lock (${samples.idle}: for a pool, a queue, a condition) are left out.`;
  return `Idle threads (${percent(samples.idle / (samples.samples + samples.idle))} of all wall samples) are left out.`;
}

function parts<Part extends string>(sums: Record<Part, number>, words: Record<Part, string>): string {
  const entries = Object.entries(sums) as [Part, number][];
  const whole = entries.reduce((sum, [, part]) => sum + part, 0);
  if (whole === 0) return 'no samples';
  return entries
    .filter(([, part]) => part / whole >= worthSaying)
    .sort((a, b) => b[1] - a[1])
    .map(([part, value]) => `${percent(value / whole)} ${words[part]}`)
    .join(', ');
}

/** Each sample counts for whoever caused it: the innermost code that is neither the JDK's nor native. */
function byKind(samples: EventSamples, names: FrameNames): Record<Spender, number> {
  const kinds = samples.paths.map((path) => blamedKind(path, names));
  const sums: Record<Spender, number> = {
    application: 0,
    framework: 0,
    jdk: 0,
    native: 0,
    kernel: 0,
    collector: 0,
    compiler: 0,
  };
  samples.path.forEach((path, row) => {
    sums[kinds[path] ?? 'native'] += samples.value[row] ?? 0;
  });
  return sums;
}

function blamedKind(path: readonly number[], names: FrameNames): Spender {
  if (names.names[path[0] ?? -1] === compilerFrame) return 'compiler';
  const leaf = names.kinds[path.at(-1) ?? -1] ?? 'native';
  if (leaf === 'kernel') return 'kernel';
  let best: Spender = leaf === 'gc-jit' ? 'collector' : leaf;
  for (const frame of path.toReversed()) {
    const kind = names.kinds[frame] ?? 'native';
    if (kind === 'application' || kind === 'framework') return kind;
    if (kind === 'jdk') best = 'jdk';
    if (kind === 'gc-jit' && best !== 'jdk') best = 'collector';
  }
  return best;
}
