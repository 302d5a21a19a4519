import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Capture } from '../capture.ts';
import { endState } from '../end-state.ts';
import type { Target } from '../target.ts';
import { cleanAfterUnknownStart, leavePlace } from './leave-clean.ts';
import { timed } from './timed.ts';
import { iso } from './times.ts';
import type { WindowContext } from './window-parts.ts';

/** Target → session. The intent is in the journal before, so there is no second start. */
export async function startSession(
  capture: Capture,
  context: Pick<WindowContext, 'targets' | 'profiling' | 'observer' | 'now' | 'journal' | 'startSignal'>,
): Promise<Capture | null> {
  const { profiling, journal, startSignal } = context;
  const { id, request, target } = capture;
  if (target === null) throw new Failure('internal-error', { detail: 'a start without a target' });
  const exec = (await context.targets(target.kind)).open(target, undefined, id);
  try {
    const { session, firstSampleAt } = await timed(context.observer, 'start', () =>
      profiling.start(
        exec,
        {
          captureId: id,
          durationSeconds: request.durationSeconds,
          process: request.target.process,
          pid: pidOf(target),
        },
        startSignal,
      ),
    );
    const timeline = { ...capture.timeline, firstSampleAt: firstSampleAt ?? iso(context.now()) };
    const started: Capture = { ...capture, session, timeline };
    return (await journal.started(started)) ? started : null;
  } catch (error) {
    if (journal.resumable) startSignal.throwIfAborted();
    if (startSignal.aborted || mayLeaveFiles(asFailure(error))) {
      const at = { target, place: exec.place ?? null };
      await cleanAfterUnknownStart(capture, at, context, (left) => journal.notClean(left));
    }
    await leavePlace(exec, (left) => journal.notClean(left));
    throw error;
  } finally {
    await exec.close?.();
  }
}

/** A refusal touched nothing. A start that failed in any other way may have left files. */
export function mayLeaveFiles({ code }: Failure): boolean {
  return endState(code) === 'failed' && code !== 'ephemeral-failed' && code !== 'second-container-failed';
}

function pidOf({ data }: Target): number | null {
  return typeof data['pid'] === 'number' ? data['pid'] : null;
}
