import { setTimeout as sleep } from 'node:timers/promises';
import { asFailure } from '../../reasons/failure.ts';
import type { Capture } from '../capture.ts';
import type { Target } from '../target.ts';
import type { Exec } from '../../profiler/exec.ts';
import type { Session } from '../../profiler/session.ts';
import { backoffMs } from './backoff.ts';
import type { Journal, WindowContext, WindowParts } from './window-parts.ts';

/** Three attempts, half a second and a second apart, get past a dropped connection or a busy pod. */
const maxAttempts = 3;
/**
 * For all attempts together, milliseconds. Cleaning has this deadline of its own: Ctrl-C, a shutdown or a lost lease
 * does not stop it. One attempt usually takes well under a second.
 */
const deadlineMs = 30_000;

type NotClean = Journal['notClean'];

/** Ends the session of this capture if it still runs, and removes what it left in the target. */
export async function cleanTarget(
  capture: Capture,
  { profiling, journal, connect }: Pick<WindowContext, 'profiling' | 'journal' | 'connect'>,
): Promise<Capture> {
  const { session } = capture;
  if (session === null) return capture;
  const notClean: NotClean = (left) => journal.notClean(left);
  const clean = await cleanWithRetries(
    async (signal) => profiling.cleanUp(await connect(capture), session, signal),
    notClean,
  );
  if (clean) await leavePlace(await connect(capture), notClean);
  if (capture.uncleaned !== true) return capture;
  if (clean) await journal.cleaned(capture);
  // What could not be cleaned now is tried again under the next lease, not under this one.
  return { ...capture, uncleaned: false };
}

/** The same for a session of an earlier process. Resolves to whether the target is clean. */
export async function cleanAfterSession(
  { target, session }: { target: Target; session: Session },
  { targets, profiling }: Pick<WindowParts, 'targets' | 'profiling'>,
  notClean: NotClean,
): Promise<boolean> {
  const exec = (await targets(target.kind)).open(target, session);
  try {
    const clean = await cleanWithRetries((signal) => profiling.cleanUp(exec, session, signal), notClean);
    if (clean) await leavePlace(exec, notClean);
    return clean;
  } finally {
    await exec.close?.();
  }
}

/** The same after a start that never answered: what it may have left at that place is found by the capture's id. */
export async function cleanAfterUnknownStart(
  { id }: Capture,
  { target, place }: { target: Target; place: string | null },
  { targets, profiling }: Pick<WindowParts, 'targets' | 'profiling'>,
  notClean: NotClean,
): Promise<void> {
  const exec = (await targets(target.kind)).open(target, { place }, id);
  try {
    await cleanWithRetries(
      (signal) => profiling.cleanUpUnknown(exec, id, signal, processOf(target)),
      notClean,
    );
    await leavePlace(exec, notClean);
  } finally {
    await exec.close?.();
  }
}

/** Never rejects: what can't be removed now ends by itself. */
export async function leavePlace(exec: Exec, notClean: NotClean): Promise<void> {
  try {
    await exec.leave?.();
  } catch (error) {
    notClean(asFailure(error));
  }
}

/** Never rejects: a target that can't be cleaned does not fail its capture. `notClean` is told what is left. */
async function cleanWithRetries(
  clean: (signal: AbortSignal) => Promise<{ left: string[] }>,
  notClean: NotClean,
): Promise<boolean> {
  const signal = AbortSignal.timeout(deadlineMs);
  for (let attempt = 1; ; attempt++) {
    try {
      const { left } = await clean(signal);
      if (left.length > 0) notClean(left);
      return left.length === 0;
    } catch (error) {
      const failure = asFailure(error);
      // No shell in the target, and no container beside it: nothing was started, or it is gone with its files.
      if (failure.code === 'no-shell') return true;
      if (!failure.retryable || attempt === maxAttempts || signal.aborted) {
        notClean(failure);
        return false;
      }
    }
    await sleep(backoffMs(attempt - 1, 500));
  }
}

/** The JVM that was to be profiled, where the target names it: then its unpacked profiler is removed too. */
function processOf(target: Target): { pid: number; startTicks: string } | undefined {
  const { pid, startTicks } = target.data;
  return typeof pid === 'number' && typeof startTicks === 'string' ? { pid, startTicks } : undefined;
}
