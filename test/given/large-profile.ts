import type { Profile } from '../../src/profile/profile.ts';

const methods = 6000;
const meanDepth = 53;

/**
 * A profile with this many different stacks, 53 frames deep on average, whose stacks share callers as those of a
 * server do; the same in every run. About 27 nodes per stack.
 */
export function largeProfile(stacks: number): Profile {
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const name = [''];
  for (let index = 0; index < methods; index += 1)
    name.push(`com/acme/p${index % 40}/Class${index % 900}.method${index}`);
  const tree = { parent: [0], frame: [0], line: [0] };
  const stack: number[] = [];
  const path = [0];
  for (let made = 0; made < stacks; made += 1) {
    path.length = Math.min(path.length, 1 + random(Math.min(path.length, 60)));
    const depth = meanDepth - 23 + random(46);
    do {
      const next = tree.parent.push(path.at(-1)!) - 1;
      tree.frame.push(1 + random(methods));
      tree.line.push(0);
      path.push(next);
    } while (path.length < depth);
    stack.push(path.at(-1)!);
  }
  const count = stack.map(() => 1 + random(5));
  return {
    version: 1,
    startedAt: Date.UTC(2026, 2, 3, 2, 14, 7),
    durationSeconds: 30,
    partial: false,
    engine: 'ctimer',
    mainClass: 'com.acme.Main',
    jvm: null,
    frames: { name, type: name.map(() => 1) },
    stacks: tree,
    threads: ['http-nio-8080-exec-1'],
    events: {
      cpu: {
        unit: 'nanoseconds',
        interval: 1e7,
        samples: {
          stack,
          thread: stack.map(() => 0),
          state: stack.map(() => 0),
          slot: stack.map((_, row) => row % 60),
          count,
          value: count.map((samples) => samples * 1e7),
        },
      },
    },
    gcPauses: [],
    cpuLoad: [],
    warnings: [],
  };
}
