import type { Profile, ProfileEvent } from '../../src/profile/profile.ts';

/** The profile with one event only, and the stacks, frames and threads that it uses: small enough for a fixture. */
export function onlyEvent(profile: Profile, event: ProfileEvent): Profile {
  const kept = profile.events[event];
  if (kept === undefined) throw new Error(`the profile has no ${event} samples`);
  const used = new Set<number>([0]);
  for (const stack of kept.samples.stack) {
    for (let node = stack; node > 0; node = profile.stacks.parent[node] ?? 0) used.add(node);
  }
  const nodes = [...used].sort((a, b) => a - b);
  const nodeNumber = new Map(nodes.map((node, index) => [node, index]));
  const frames = [...new Set(nodes.map((node) => profile.stacks.frame[node] ?? 0))].sort((a, b) => a - b);
  const frameNumber = new Map(frames.map((frame, index) => [frame, index]));
  const threads = [...new Set(kept.samples.thread)].sort((a, b) => a - b);
  const threadNumber = new Map(threads.map((thread, index) => [thread, index]));
  return {
    ...profile,
    frames: {
      name: frames.map((frame) => profile.frames.name[frame] ?? ''),
      type: frames.map((frame) => profile.frames.type[frame] ?? 0),
    },
    stacks: {
      parent: nodes.map((node) => nodeNumber.get(profile.stacks.parent[node] ?? 0) ?? 0),
      frame: nodes.map((node) => frameNumber.get(profile.stacks.frame[node] ?? 0) ?? 0),
      line: nodes.map((node) => profile.stacks.line[node] ?? 0),
    },
    threads: threads.map((thread) => profile.threads[thread] ?? ''),
    events: {
      [event]: {
        ...kept,
        samples: {
          ...kept.samples,
          stack: kept.samples.stack.map((stack) => nodeNumber.get(stack) ?? 0),
          thread: kept.samples.thread.map((thread) => threadNumber.get(thread) ?? 0),
        },
      },
    },
    gcPauses: [],
    cpuLoad: [],
  };
}
