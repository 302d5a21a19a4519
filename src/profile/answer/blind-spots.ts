import { isGenerated } from '../comparison/changed-row.ts';
import { isJava } from '../frame.ts';
import { frameKind, type ApplicationCode } from '../frame-kind.ts';
import { percent } from '../quantities.ts';
import type { Profile, ProfileEvent } from '../profile.ts';
import { unseenCpu } from '../process-cpu.ts';
import { wasRecorded } from '../recorded.ts';
import { frameTypes } from '../sampling.ts';

/** Below this a share is uncertain by ten points and more. */
export const fewSamples = 100;
/** Stacks that could not be walked, of all; below it they change nothing. */
const notableUnwalked = 0.1;

/**
 * What this profile cannot show, in sentences; empty when there is nothing to warn of.
 * @param described samples that the figures are of, and of which part they are; '' for the whole
 */
export function blindSpots(
  profile: Profile,
  event: ProfileEvent,
  code: ApplicationCode,
  described: { samples: number; of: string },
  askedSeconds: number,
): string[] {
  const { samples } = described;
  const of = described.of === '' ? '' : ` of ${described.of}`;
  const found: string[] = [];
  if (samples === 0) found.push(noSamples(profile, event));
  else if (samples < fewSamples) {
    // Half the width of a 95 % interval at a share of one half.
    const reach = Math.round((0.98 / Math.sqrt(samples)) * 100);
    found.push(`Few samples${of} (${samples}): shares are uncertain by up to ±${reach} points.`);
  }
  if (profile.partial || profile.durationSeconds < askedSeconds * 0.9) {
    found.push(
      `The recording is incomplete: ${profile.durationSeconds.toFixed(0)} s of ${askedSeconds} s could be read.`,
    );
  }
  if (profile.frames.name.some((name) => name.startsWith('java/lang/VirtualThread.run'))) {
    found.push('Virtual threads are in use: only OS threads are sampled, so their waits do not show.');
  }
  const unwalked = unwalkedShare(profile, event);
  if (unwalked >= notableUnwalked)
    found.push(`${percent(unwalked)} of the stacks could not be walked to the end.`);
  if (lacksLines(profile, code))
    found.push('The application has no line numbers: it was compiled without them.');
  return [...found, ...profile.warnings];
}

/** Events that the JVM could not record, in sentences: nothing is known of them, which is not nothing. */
export function missingLines(missing: Readonly<Record<string, string>>): string[] {
  return Object.entries(missing).map(([event, why]) => {
    const symbols =
      event === 'alloc'
        ? ' A JVM of JDK 8 to 10 records it with its debug symbols: install their package.'
        : '';
    return `${event} is unknown: this JVM cannot record it (async-profiler: ${why.slice(0, 200)}).${symbols}`;
  });
}

function noSamples(profile: Profile, event: ProfileEvent): string {
  if (event === 'cpu' && unseenCpu(profile) !== null)
    return 'No cpu samples, though the process used the processor: its threads could not be sampled.';
  switch (wasRecorded(profile, event)) {
    case true:
      return `No ${event} samples: nothing of that kind happened in the window.`;
    case false:
      return `No ${event} samples: ${event} was not recorded.`;
    case null:
      return `No ${event} samples: ${event} was not recorded, or nothing of that kind happened.`;
  }
}

function unwalkedShare(profile: Profile, event: ProfileEvent): number {
  const broken = profile.frames.name.map((name) =>
    /^(?:unknown|unknown_Java|not_walkable\w*|break_\w+)$/.test(name),
  );
  const { parent, frame } = profile.stacks;
  const isBroken = new Uint8Array(parent.length);
  for (let node = 1; node < parent.length; node++) {
    // A root `unknown` under native main threads is normal: only frames inside of Java count.
    isBroken[node] = isBroken[parent[node] ?? 0] || (broken[frame[node] ?? 0] && parent[node] !== 0) ? 1 : 0;
  }
  const samples = profile.events[event]?.samples;
  let all = 0;
  let lost = 0;
  samples?.stack.forEach((stack, row) => {
    const count = samples.count[row] ?? 0;
    all += count;
    if (isBroken[stack]) lost += count;
  });
  return all === 0 ? 0 : lost / all;
}

/** Methods have slashes, or are of a class in the default package; a class that was allocated is neither. */
function isMethod(name: string): boolean {
  return name.includes('/') || /^[\p{L}_$][^.]*\.[\p{Ll}_$<][^.]*$/u.test(name);
}

/**
 * Whether the application's classes have no lines where those of the JDK have them: where nothing has lines, it is
 * the recording that lacks them. Classes that the JVM or a library made have none in any case.
 */
function lacksLines(profile: Profile, code: ApplicationCode): boolean {
  const kinds = profile.frames.name.map((name, index) => {
    const type = frameTypes[profile.frames.type[index]!] ?? 'native';
    if (!isJava(type) || !isMethod(name)) return null;
    const kind = frameKind(name, type, code);
    return kind === 'application' && isGenerated(name) ? null : kind;
  });
  let withoutLines = false;
  let jdkHasLines = false;
  for (const [node, frame] of profile.stacks.frame.entries()) {
    const hasLine = profile.stacks.line[node]! > 0;
    if (kinds[frame] === 'application' && hasLine) return false;
    withoutLines ||= kinds[frame] === 'application';
    jdkHasLines ||= kinds[frame] === 'jdk' && hasLine;
  }
  return withoutLines && jdkHasLines;
}
