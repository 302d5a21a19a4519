import { performance } from 'node:perf_hooks';
import type { CaptureObserver, CaptureStage } from '../observer.ts';

/** Runs one stage and tells the observer how long it took, whatever came of it. */
export async function timed<T>(
  observer: Pick<CaptureObserver, 'stage'>,
  stage: CaptureStage,
  work: () => Promise<T>,
): Promise<T> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    observer.stage(stage, (performance.now() - began) / 1000);
  }
}
