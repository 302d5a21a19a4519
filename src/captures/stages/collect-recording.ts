import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Exec } from '../../profiler/exec.ts';
import type { Session } from '../../profiler/session.ts';
import type { Capture } from '../capture.ts';
import type { Profiling } from '../profiling.ts';
import { backoffMs } from './backoff.ts';
import { timed } from './timed.ts';
import { iso } from './times.ts';
import type { WindowContext } from './window-parts.ts';

/** How long fetching the recording is retried once there is memory for it, milliseconds. */
const retryForMs = 60_000;
/** Times in the target have whole seconds, corrected by the measured skew, milliseconds. */
const clockToleranceMs = 2_000;

/**
 * Fetches the recording of a window that has just ended, masks it and gives it to the journal. It stays in the target
 * until the next stage. Rejects with what `Profiling.collect` and `Analysis.mask` reject with.
 */
export async function collectRecording(
  capture: Capture,
  context: Pick<
    WindowContext,
    'profiling' | 'analysis' | 'memory' | 'observer' | 'now' | 'limits' | 'journal' | 'signal' | 'connect'
  >,
): Promise<Capture | null> {
  const { memory, analysis, journal, now, signal } = context;
  const { session } = capture;
  if (session === null)
    throw new Failure('internal-error', { detail: 'a capture without a session was to be collected' });
  const windowEnd = performance.now();
  const exec = await context.connect(capture);
  const release = await memory.fetching.take(memory.fetchBytes, signal);
  try {
    const fetched = await timed(context.observer, 'collect', () =>
      fetchWithRetries(exec, session, performance.now() + retryForMs, context),
    );
    const recording = await analysis.mask(fetched.recording);
    const collected: Capture = {
      ...capture,
      state: 'storing',
      uncleaned: true,
      partial: fetched.partial,
      session: { ...session, cpuStatAfter: fetched.cpuStat },
      timeline: {
        ...capture.timeline,
        windowEndedAt: windowEndedAt(fetched.windowEndedAt, windowEnd, capture, now()),
        collectedAt: iso(now()),
      },
    };
    return (await journal.collected(collected, recording, fetched.ended)) ? collected : null;
  } finally {
    release();
  }
}

async function fetchWithRetries(
  exec: Exec,
  session: Session,
  giveUpAt: number,
  { profiling, limits, signal }: Pick<WindowContext, 'profiling' | 'limits' | 'signal'>,
): ReturnType<Profiling['collect']> {
  const { maxRecordingBytes: maxBytes } = limits;
  for (let attempt = 0; ; attempt++) {
    try {
      return await profiling.collect(exec, session, { maxBytes }, signal);
    } catch (error) {
      signal.throwIfAborted();
      const failure = asFailure(error);
      if (!failure.retryable || performance.now() > giveUpAt) throw failure;
      await sleep(backoffMs(attempt, 500), undefined, { signal });
    }
  }
}

/** When the recording was last written, as the target says, if that lies in the window or after it; else the planned end. */
function windowEndedAt(told: string | null, windowEnd: number, { request }: Capture, now: number): string {
  const sinceMs = performance.now() - windowEnd;
  const at = Date.parse(told ?? '');
  const earliest = now - sinceMs - request.durationSeconds * 1000 - clockToleranceMs;
  return iso(at >= earliest && at <= now + clockToleranceMs ? at : Math.round(now - Math.max(0, sinceMs)));
}
