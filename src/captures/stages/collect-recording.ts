import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Exec } from '../../profiler/exec.ts';
import type { Session } from '../../profiler/session.ts';
import type { Capture } from '../capture.ts';
import type { Profiling } from '../profiling.ts';
import { fetchingBytes } from '../analysis/recording-memory.ts';
import { backoffMs } from './backoff.ts';
import { timed } from './timed.ts';
import { iso } from './times.ts';
import type { WindowContext } from './window-parts.ts';

/** How long fetching the recording is retried, without the time it waits for memory; milliseconds. */
const retryForMs = 60_000;
/** A session that did not end in time still writes: so much more may be fetched, bytes. */
const growthBytes = 1024 ** 2;
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
  const { analysis, journal, now } = context;
  const { session } = capture;
  if (session === null)
    throw new Failure('internal-error', { detail: 'a capture without a session was to be collected' });
  const windowEnd = performance.now();
  const exec = await context.connect(capture);
  const { fetched, release } = await timed(context.observer, 'collect', () =>
    fetchWithRetries(exec, session, performance.now() + retryForMs, context),
  );
  try {
    const recording = await analysis.mask(fetched.recording);
    const collected: Capture = {
      ...capture,
      state: 'storing',
      uncleaned: true,
      partial: fetched.partial || capture.partial,
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

/** Memory is taken once the session has ended, for the size that its recording has: a target that keeps silent holds none. */
async function fetchWithRetries(
  exec: Exec,
  session: Session,
  giveUpAt: number,
  { profiling, memory, limits, signal }: Pick<WindowContext, 'profiling' | 'memory' | 'limits' | 'signal'>,
): Promise<{ fetched: Awaited<ReturnType<Profiling['collect']>>; release: () => void }> {
  let waitedMs = 0;
  for (let attempt = 0; ; attempt++) {
    let release = (): void => undefined;
    try {
      const bytes = await profiling.waitForEnd(exec, session, signal);
      const maxBytes = Math.min(limits.maxRecordingBytes, bytes + growthBytes);
      const asked = performance.now();
      release = await memory.fetching.take(fetchingBytes(maxBytes), signal);
      waitedMs += performance.now() - asked;
      const fetched = await profiling.collect(exec, session, { maxBytes, wait: false }, signal);
      return { fetched, release };
    } catch (error) {
      release();
      signal.throwIfAborted();
      const failure = asFailure(error);
      if (!failure.retryable || performance.now() > giveUpAt + waitedMs) throw failure;
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
