import { asFailure, Failure } from '../../reasons/failure.ts';
import type { ReasonCode } from '../../reasons/reasons.ts';
import type { Target, Targets } from '../target.ts';
import type { Log } from '../log.ts';
import { alertWasOpen } from '../baselines/baseline-health.ts';
import { cleanPatiently } from './clean-patiently.ts';
import type { Capture } from '../capture.ts';
import { end, reportEnd, retryOrEnd } from './ending.ts';
import { endState } from '../end-state.ts';
import type { CaptureChange } from '../ledger.ts';
import { slotOfSession } from '../slot.ts';
import { iso, receivedAt, targetRequest, timed, type Interruption, type StageParts } from './stage-parts.ts';

/** Limits are full: look again soon, a window may just have ended. */
const admissionRetryMs = 500;

/** Failures of a start after which no session of ours can run; after any other it may, for as long as its slot says. */
const neverStarts: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'exec-denied',
  'profiler-conflict',
  'profiler-unavailable',
]);

/**
 * Labels → target → window. Resolves to the capture as it profiles, or to null when it has ended, waits for its turn,
 * or belongs to another worker. The intent to start is durable before the start, so there is no second one.
 */
export async function startWindow(
  capture: Capture,
  parts: StageParts,
  log: Log,
  { signal, startSignal }: Interruption,
): Promise<Capture | null> {
  const { ledger, owner, now } = parts;
  let target: Target;
  let targets: Targets;
  try {
    targets = await parts.targets(capture.request.target.kind);
    // A sibling was chosen together with its capture.
    target =
      capture.target ??
      (await timed(parts, 'resolve', () => targets.resolve(targetRequest(capture), signal)));
  } catch (error) {
    signal.throwIfAborted();
    return await retryOrEnd(
      capture,
      asFailure(error),
      parts,
      log,
      receivedAt(capture) + parts.limits.deadlineMs,
    );
  }

  if (capture.request.purpose === 'baseline' && (await alertWasOpen(ledger, target.workload, now(), now()))) {
    await end({ ...capture, target }, new Failure('workload-alerting'), parts, log);
    return null;
  }
  const admission = await ledger.admit(capture.id, owner, target, parts.limits, now());
  if (admission.kind === 'lost') return null;
  if (admission.kind === 'wait') {
    await ledger.release(capture.id, owner, now() + admissionRetryMs);
    return null;
  }
  if (admission.kind === 'refused') {
    const { code, detail } = admission.reason;
    reportEnd(capture, new Failure(code, { detail }), parts, log);
    return null;
  }
  log.info({ target: target.uri, choice: target.choice }, 'starting the window');

  const exec = targets.open(target);
  try {
    const { session, firstSampleAt } = await timed(parts, 'start', () =>
      parts.profiling.start(
        exec,
        {
          captureId: capture.id,
          durationSeconds: capture.request.durationSeconds,
          process: capture.request.target.process,
          pid: pidOf(target),
        },
        startSignal,
      ),
    );
    const timeline = { ...admission.timeline, firstSampleAt: firstSampleAt ?? iso(now()) };
    const change: CaptureChange = {
      session,
      reason: null,
      timeline,
      deliver: 'begin',
      slotUntil: slotOfSession(capture.request, now()),
    };
    if (!(await ledger.advance(capture.id, owner, change, now()))) return null;
    if (capture.request.purpose === 'alert')
      parts.observer.firstSample((Date.parse(timeline.firstSampleAt) - receivedAt(capture)) / 1000);
    log.info({ pid: session.pid, firstSampleAt: timeline.firstSampleAt }, 'profiling');
    return {
      ...capture,
      state: 'capturing',
      target,
      session,
      timeline,
    };
  } catch (error) {
    startSignal.throwIfAborted();
    const failure = asFailure(error);
    // A refusal touched nothing; anything else may have left files.
    const touched = endState(failure.code) === 'failed' && failure.code !== 'ephemeral-failed';
    if (touched)
      await leaveCleanAfterStart(capture, { target, place: exec.place ?? null }, parts, log, startSignal);
    const slot = !touched || neverStarts.has(failure.code) ? { slotUntil: null } : {};
    await end({ ...capture, target }, failure, parts, log, slot);
    return null;
  } finally {
    await exec.close?.();
  }
}

/** After a start of which nothing came back: what it may have left at that place is removed by the capture's id. */
export async function leaveCleanAfterStart(
  capture: Capture,
  { target, place }: { target: Target; place: string | null },
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const exec = (await parts.targets(target.kind)).open(target, { place });
  try {
    const clean = () => parts.profiling.cleanUpUnknown(exec, capture.id, signal, processOf(target));
    await cleanPatiently(clean, log, signal);
  } finally {
    await exec.close?.();
  }
}

function pidOf(target: Target): number | null {
  const pid = target.data['pid'];
  return typeof pid === 'number' ? pid : null;
}

/** The JVM that was to be started in, where the target names it: its unpacked profiler can then be removed too. */
export function processOf(target: Target): { pid: number; startTicks: string } | undefined {
  const { pid, startTicks } = target.data;
  return typeof pid === 'number' && typeof startTicks === 'string' ? { pid, startTicks } : undefined;
}
