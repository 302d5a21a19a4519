import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { collapsed } from '../../src/profile/collapsed.ts';
import { profileEvents } from '../../src/profile/sampling.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { cacheDirectory } from '../setup/cache.ts';

/** Of a Spring MVC service over JDBC, measured; the demo service has no framework, so its stacks are lengthened. */
const meanDepth = 53;
/** Changes with what this file makes of a recording. */
const edition = 2;

/**
 * A file of different folded stacks, made of a recording: prefixes of its stacks, continued as its other stacks
 * continue from the same frame. The same in every run; kept in the cache.
 */
export async function largeStacks(recording: string, stacks: number): Promise<string> {
  const directory = join(cacheDirectory, 'bench');
  const made = JSON.stringify([basename(recording), stacks, meanDepth, edition]);
  const path = join(
    directory,
    `${createHash('sha256').update(made).digest('hex').slice(0, 32)}-${stacks}.collapsed`,
  );
  if (existsSync(path)) return path;
  process.stderr.write(`making ${stacks} stacks, once …\n`);
  await mkdir(directory, { recursive: true });
  const profile = readProfile(await readFile(recording));
  const lines = profileEvents.flatMap((event) =>
    collapsed(profile, event).split('\n').filter(Boolean).sort(),
  );
  {
    await using file = await open(`${path}.new`, 'w');
    // As the tools that fold stacks write them.
    const sorted = [...perturbed(lines, stacks)].sort();
    for (let at = 0; at < sorted.length; at += 1000) await file.write(sorted.slice(at, at + 1000).join(''));
  }
  await rename(`${path}.new`, path);
  return path;
}

function* perturbed(lines: readonly string[], wanted: number): Generator<string> {
  const random = numbers(20_260_303);
  const recorded = lines.map((line) => line.slice(0, line.lastIndexOf(' ')).split(';'));
  const originals = recorded.map((frames) => lengthened(frames, recorded, random));
  /** Where each frame occurs with something below it: stack and depth. */
  const places = new Map<string, [stack: number, depth: number][]>();
  for (const [stack, frames] of originals.entries())
    for (const [depth, frame] of frames.slice(0, -1).entries()) {
      const known = places.get(frame);
      if (known === undefined) places.set(frame, [[stack, depth]]);
      else known.push([stack, depth]);
    }
  const seen = new Set<string>();
  while (seen.size < wanted) {
    const first = originals[random(originals.length)]!;
    // Requests part ways late: most of a stack is shared.
    const kept = Math.ceil((first.length * (50 + random(50))) / 100);
    const path = first.slice(0, kept);
    for (const found = places.get(path.at(-1)!); found !== undefined && path.length < first.length;) {
      const [stack, depth] = found[random(found.length)]!;
      path.push(...originals[stack]!.slice(depth + 1, depth + 2 + first.length - path.length));
    }
    const text = path.join(';');
    const key = createHash('md5').update(text).digest('base64');
    if (seen.has(key)) continue;
    seen.add(key);
    yield `${text} ${samples(random)}\n`;
  }
}

/** The stack with others of the recording below it, until it is as deep as asked for. */
function lengthened(
  frames: readonly string[],
  recorded: readonly (readonly string[])[],
  random: (below: number) => number,
): string[] {
  const path = [...frames];
  const depth = meanDepth - 23 + random(47);
  while (path.length < depth) {
    const other = recorded[random(recorded.length)]!;
    path.push(...other.slice(0, depth - path.length));
  }
  return path;
}

/** Most stacks are seen once or twice, few very often: a Pareto distribution cut at 10,000. */
function samples(random: (below: number) => number): number {
  return Math.ceil(((1 + random(1_000_000)) / 1_000_000) ** -1.1 / 1.5) % 10_000;
}

/** Whole numbers below a bound, the same in every run (a linear congruence; Numerical Recipes' constants). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
