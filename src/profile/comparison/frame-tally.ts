import type { EventSamples } from '../event-samples.ts';
import { rootedRate, shareEstimate, type Estimate } from './statistics.ts';

/** Samples of every frame, callees included: `count[frame]`, by the numbers of `FrameNames`. */
export function frameCounts(samples: EventSamples, frames: number): Float64Array {
  const counts = new Float64Array(frames);
  samples.path.forEach((path, row) => {
    const count = samples.count[row] ?? 0;
    for (const frame of samples.paths[path] ?? []) counts[frame] = (counts[frame] ?? 0) + count;
  });
  return counts;
}

/** Share and rate of one frame, callees included. */
export interface FrameEstimates extends Rate {
  share: Estimate;
}

export interface Rate {
  /** Seconds or bytes per second. */
  rate: number;
  /** The same on the scale of `rootedRate`, for testing. */
  rooted: Estimate;
}

/** Share and rate of the frames in `wanted`, and the rate of all frames together. */
export function frameEstimates(
  samples: EventSamples,
  wanted: readonly number[],
): { ofFrame: Map<number, FrameEstimates>; total: Rate } {
  const { blocks, blockSeconds } = samples;
  const place = new Map(wanted.map((frame, index) => [frame, index * blocks]));
  const hits = new Float64Array(wanted.length * blocks);
  const values = new Float64Array(wanted.length * blocks);
  const allHits = new Float64Array(blocks);
  const allValues = new Float64Array(blocks);
  samples.path.forEach((path, row) => {
    const block = samples.block[row] ?? 0;
    const count = samples.count[row] ?? 0;
    const value = samples.value[row] ?? 0;
    allHits[block] = (allHits[block] ?? 0) + count;
    allValues[block] = (allValues[block] ?? 0) + value;
    for (const frame of samples.paths[path] ?? []) {
      const start = place.get(frame);
      if (start === undefined) continue;
      hits[start + block] = (hits[start + block] ?? 0) + count;
      values[start + block] = (values[start + block] ?? 0) + value;
    }
  });
  const rateOf = (sums: Float64Array): Rate => {
    const whole = sums.reduce((sum, value) => sum + value, 0);
    const perSecond = sums.map((sum) => sum / blockSeconds);
    return { rate: whole / samples.seconds, rooted: rootedRate(perSecond, samples.perSample / blockSeconds) };
  };
  const ofFrame = new Map<number, FrameEstimates>();
  for (const [frame, start] of place) {
    const share = shareEstimate(hits.subarray(start, start + blocks), allHits);
    ofFrame.set(frame, { share, ...rateOf(values.subarray(start, start + blocks)) });
  }
  return { ofFrame, total: rateOf(allValues) };
}
