import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Capture } from '../capture.ts';
import type { WindowContext } from './window-parts.ts';

/** The reading thread takes half a second to load: it is started this long before the window ends, milliseconds. */
const prepareAheadMs = 1_500;

/** Waits until the window is over, or ends it early: the capture is partial then. */
export async function waitForEnd(
  capture: Capture,
  context: Pick<WindowContext, 'analysis' | 'now' | 'signal' | 'endSignal' | 'profiling' | 'connect'>,
): Promise<Capture> {
  const { analysis, now, signal, endSignal } = context;
  const windowEnd = windowEndOf(capture, now());
  const early = await sleepUntil(windowEnd - prepareAheadMs, signal, endSignal);
  analysis.prepare();
  if (!early && !(await sleepUntil(windowEnd, signal, endSignal))) return capture;
  return { ...(await endNow(capture, context)), partial: true };
}

/** A session that cannot be told to end does so at the end of its window, and is collected then. */
async function endNow(
  capture: Capture,
  { profiling, connect, signal }: Pick<WindowContext, 'profiling' | 'connect' | 'signal'>,
): Promise<Capture> {
  const { session } = capture;
  if (session === null)
    throw new Failure('internal-error', { detail: 'a capture without a session was to be ended' });
  try {
    await profiling.end(await connect(capture), session, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!asFailure(error).retryable) throw error;
  }
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

/** Resolves to whether it was woken by `endSignal`. */
async function sleepUntil(
  at: number,
  signal: AbortSignal,
  endSignal: AbortSignal | undefined,
): Promise<boolean> {
  const either = endSignal === undefined ? signal : AbortSignal.any([signal, endSignal]);
  try {
    await sleep(Math.max(0, at - performance.now()), undefined, { signal: either });
    return false;
  } catch (error) {
    if (signal.aborted || endSignal?.aborted !== true) throw error;
    return true;
  }
}
