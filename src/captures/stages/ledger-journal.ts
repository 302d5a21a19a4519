import { asFailure, Failure } from '../../reasons/failure.ts';
import type { ReasonCode } from '../../reasons/reasons.ts';
import { alertWasOpen } from '../baselines/baseline-health.ts';
import type { Capture } from '../capture.ts';
import type { CaptureChange } from '../ledger.ts';
import type { Log } from '../log.ts';
import { slotOfSession } from '../slot.ts';
import { end, endByFault, reportEnd, retryOrEnd } from './ending.ts';
import { isLedgerUnavailable } from './ledger-unavailable.ts';
import type { StageParts } from './stage-parts.ts';
import { mayLeaveFiles } from './start-session.ts';
import { receivedAt } from './times.ts';
import type { Interruption, Journal } from './window-parts.ts';

/** Limits are full: look again soon, a window may just have ended. */
const admissionRetryMs = 500;

/** A start that fails with these leaves no session. After any other failure one may run for as long as its slot says. */
const noSessionAfter: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'exec-denied',
  'profiler-conflict',
  'profiler-unavailable',
]);

/**
 * The journal of the worker: each step is in the ledger before the next one begins, and counts only under its lease.
 * `began` is called when this process has started the window; never after a crash in its middle.
 */
export function ledgerJournal(
  parts: Pick<StageParts, 'ledger' | 'owner' | 'now' | 'limits' | 'observer'>,
  log: Log,
  { signal, startSignal }: Interruption,
  began: (capture: Capture) => void,
): Journal {
  const { ledger, owner, now, limits, observer } = parts;
  return {
    resumable: true,
    admit: async (capture) => {
      const { id, target, request } = capture;
      if (target === null) throw new Failure('internal-error', { detail: 'an admission without a target' });
      if (request.purpose === 'baseline' && (await alertWasOpen(ledger, target.workload, now(), now()))) {
        await end(capture, new Failure('workload-alerting'), parts, log);
        return null;
      }
      const admission = await ledger.admit(id, owner, target, limits, now());
      switch (admission.kind) {
        case 'admitted':
          log.info({ target: target.uri, choice: target.choice }, 'starting the window');
          return { ...capture, state: 'capturing', timeline: admission.timeline };
        case 'wait':
          await ledger.release(id, owner, now() + admissionRetryMs);
          return null;
        case 'refused': {
          const { code, detail } = admission.reason;
          reportEnd(capture, new Failure(code, { detail }), parts, log);
          return null;
        }
        case 'lost':
          return null;
      }
    },
    started: async (capture) => {
      const { id, request, session, timeline } = capture;
      const change: CaptureChange = {
        session,
        reason: null,
        timeline,
        deliver: 'begin',
        slotUntil: slotOfSession(request, now()),
      };
      if (!(await ledger.advance(id, owner, change, now()))) return false;
      const { firstSampleAt } = timeline;
      if (request.purpose === 'alert' && firstSampleAt !== null)
        observer.firstSample((Date.parse(firstSampleAt) - receivedAt(capture)) / 1000);
      log.info({ pid: session?.pid, firstSampleAt }, 'profiling');
      began(capture);
      return true;
    },
    collected: async ({ id, state, partial, session, uncleaned, timeline }, recording, ended) => {
      const { windowEndedAt, collectedAt } = timeline;
      const change: CaptureChange = {
        state,
        partial,
        session,
        uncleaned: uncleaned === true,
        timeline: { windowEndedAt, collectedAt },
        ...(ended ? {} : { slotUntil: slotOfSession({ durationSeconds: 0 }, now()) }),
      };
      return await ledger.spool(id, owner, recording, change, now());
    },
    cleaned: async ({ id }) => {
      try {
        await ledger.advance(id, owner, { uncleaned: false }, now());
      } catch (error) {
        // At worst a clean target is cleaned again.
        log.warn({ err: error }, 'could not record that the target is clean');
      }
    },
    failed: async (error, stage, capture) => {
      const failure = asFailure(error);
      switch (stage) {
        case 'resolve':
          signal.throwIfAborted();
          return await retryOrEnd(capture, failure, parts, log);
        case 'start': {
          startSignal.throwIfAborted();
          const noSession = !mayLeaveFiles(failure) || noSessionAfter.has(failure.code);
          await end(capture, failure, parts, log, noSession ? { slotUntil: null } : {});
          return null;
        }
        case 'collect':
          signal.throwIfAborted();
          if (isLedgerUnavailable(failure)) throw failure;
          await end(capture, failure, parts, log);
          return null;
        default:
          return await endByFault(error, capture, parts, log, signal);
      }
    },
    notClean: logNotClean(log),
  };
}

/** Says in the log what is left in a target, or why it could not be cleaned. */
export function logNotClean(log: Pick<Log, 'warn'>): Journal['notClean'] {
  return (left) => {
    if (left instanceof Error) log.warn({ err: left }, 'the target could not be cleaned');
    else log.warn({ left }, 'files are left in the target');
  };
}
