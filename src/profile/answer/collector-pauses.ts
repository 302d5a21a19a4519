import type { Profile } from '../profile.ts';
import { threadStates } from '../sampling.ts';

const running = threadStates.indexOf('runnable');
/** Fewer samples of a collection are chance. */
const leastSamples = 5;
/** The VM thread's loop, of which it has one per JVM. */
const vmThread = /^VMThread::run$/;
/**
 * What a collector does with the JVM stopped, by HotSpot's names of JDK 17 to 25: VM_G1CollectForAllocation,
 * VM_GenCollectFull, VM_SerialGCCollect, VM_ParallelGCFailedAllocation, VM_ShenandoahFinalMark, VM_ZMarkEnd,
 * VM_CollectForMetadataAllocation. Not heap histograms (VM_GC_HeapInspection), which somebody asks for.
 */
const collection = /^VM_(?:Gen|Serial|Parallel|G1|Shenandoah|[XZ](?=[A-Z])|Collect)\w*::doit$/;

/**
 * How much of the window collectors had stopped the JVM, as its VM thread was found: async-profiler writes no event of
 * pauses, but its wall clock samples all threads, and that thread stands in the collection meanwhile. Against the
 * log of the JVM, whole runs: 54 % of 57 % (Parallel), 15 % of 15 % (G1); the way to the safepoint is left out.
 * null where it was not seen, too seldom, or only by samples of the processor.
 */
export function collectorPauses(profile: Profile): { stopped: number; looks: number } | null {
  const samples = profile.events.wall?.samples;
  if (samples === undefined) return null;
  // Some recorders write samples of the processor as samples of running threads: those never see a thread wait, so
  // they find the VM thread only in collections.
  if (!samples.state.some((state) => state !== running)) return null;
  const { parent, frame } = profile.stacks;
  const matching = (names: RegExp): Uint8Array => {
    const wanted = profile.frames.name.map((name) => names.test(name));
    const within = new Uint8Array(parent.length);
    for (let node = 1; node < parent.length; node++)
      within[node] = wanted[frame[node]!] === true ? 1 : within[parent[node]!]!;
    return within;
  };
  const [inThread, inCollection] = [matching(vmThread), matching(collection)];
  let stopped = 0;
  let looks = 0;
  for (const [row, stack] of samples.stack.entries()) {
    if (inThread[stack] !== 1) continue;
    looks += samples.count[row]!;
    if (inCollection[stack] === 1) stopped += samples.count[row]!;
  }
  return stopped < leastSamples ? null : { stopped, looks };
}
