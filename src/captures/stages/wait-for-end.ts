import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture } from '../capture.ts';
import type { WindowContext } from './window-parts.ts';

/** The reading thread takes half a second to load: it is started this long before the window ends, milliseconds. */
const prepareAheadMs = 1_500;

/** Waits until the window is over. */
export async function waitForEnd(
  capture: Capture,
  { analysis, now, signal }: Pick<WindowContext, 'analysis' | 'now' | 'signal'>,
): Promise<Capture> {
  const windowEnd = windowEndOf(capture, now());
  await sleepUntil(windowEnd - prepareAheadMs, signal);
  analysis.prepare();
  await sleepUntil(windowEnd, signal);
  return capture;
}

/**
 * When the window ends, by the monotonic clock, milliseconds. A start that was written down by another clock (the
 * machine's was set between two processes) makes it neither longer nor endless.
 */
function windowEndOf({ timeline, request }: Capture, now: number): number {
  const lengthMs = request.durationSeconds * 1000;
  const left = timeline.startedAt === null ? lengthMs : Date.parse(timeline.startedAt) + lengthMs - now;
  return performance.now() + Math.min(Math.max(left, 0), lengthMs);
}

async function sleepUntil(at: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, at - performance.now()), undefined, { signal });
}
