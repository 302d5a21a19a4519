import { asFailure, Failure } from '../../reasons/failure.ts';
import { whyNotToRead } from '../analysis/recording-memory.ts';
import type { Capture } from '../capture.ts';
import type { LeasedCapture } from '../ledger.ts';
import type { Log } from '../log.ts';
import { isFinal } from '../outcome.ts';
import { givenUp } from './cut-off.ts';
import { end, endByFault } from './ending.ts';
import { cleanAfterSession, cleanAfterUnknownStart } from './leave-clean.ts';
import { ledgerJournal, logNotClean } from './ledger-journal.ts';
import { profileWindow } from './profile-window.ts';
import { queueSibling } from './queue-sibling.ts';
import type { StageParts } from './stage-parts.ts';
import { storeArtifacts } from './store-artifacts.ts';
import type { StoreParts } from './store-files.ts';
import type { Interruption, WindowParts } from './window-parts.ts';

/**
 * Takes a leased capture through its window, from where it is. Every step is durable before the next; whatever happens,
 * the capture ends final, or goes back into the queue with a time for its retry. Resolves to the capture whose recording
 * is in the ledger; to null when there is nothing to store.
 */
export async function profileCapture(
  capture: LeasedCapture,
  parts: Pick<StageParts, keyof WindowParts | 'ledger' | 'owner' | 'wake'>,
  log: Log,
  interruption: Interruption,
): Promise<(Capture & Pick<LeasedCapture, 'cutOffs'>) | null> {
  const reason = whyNotToGoOn(capture);
  if (reason !== null) return await endClean(capture, reason, parts, log, interruption.signal);
  let sibling = Promise.resolve(capture.sibling);
  // Beside the window, never before it. After a crash it would be too late for one.
  const journal = ledgerJournal(parts, log, interruption, (profiling) => {
    sibling = queueSibling(profiling, parts, log, interruption.signal);
  });
  const collected = await profileWindow(capture, parts, journal, interruption);
  // Cut-offs of the window do not count against reading its recording.
  return collected === null ? null : { ...collected, sibling: await sibling, cutOffs: 0 };
}

/**
 * Stores what this process or an earlier one collected; without reading it, if reading was cut off too often. An
 * unexpected error leaves the lease to run out, and nothing ends.
 */
export async function storeCapture(
  capture: Capture & Partial<LeasedCapture>,
  parts: StoreParts & Pick<StageParts, 'memory' | 'targets' | 'profiling'>,
  log: Log,
  { signal }: Interruption,
): Promise<void> {
  const { state, cutOffs = 0 } = capture;
  const unread =
    givenUp({ state, cutOffs }) ?? whyNotToRead(await parts.ledger.spoolSize(capture.id), parts.memory);
  // Beside storing: a target that does not answer must not hold up the picture.
  const cleaning = cleanWhatWasInterrupted(capture, parts, log);
  try {
    await storeArtifacts(capture, parts, log, signal, unread);
  } finally {
    await cleaning;
  }
}

/**
 * An earlier process ended after it had fetched the recording, and before it had cleaned the target. Never rejects. Where
 * it can't be cleaned, each later attempt to store tries again.
 */
async function cleanWhatWasInterrupted(
  { id, uncleaned, target, session }: Capture,
  parts: Pick<StageParts, 'ledger' | 'owner' | 'now' | 'targets' | 'profiling'>,
  log: Log,
): Promise<void> {
  if (uncleaned !== true || target === null || session === null) return;
  const notClean = logNotClean(log);
  try {
    if (await cleanAfterSession({ target, session }, parts, notClean))
      await parts.ledger.advance(id, parts.owner, { uncleaned: false }, parts.now());
  } catch (error) {
    notClean(asFailure(error));
  }
}

function whyNotToGoOn(capture: LeasedCapture): Failure | null {
  const { state, session, flaw } = capture;
  const unreadable = flaw && new Failure(flaw.code, { detail: flaw.detail });
  if (isFinal(capture))
    return unreadable ?? new Failure('internal-error', { detail: `leased while ${state}` });
  // The intent to start was written, but not what came of it: never start again.
  if (state === 'capturing' && session === null) return unreadable ?? new Failure('interrupted');
  return givenUp(capture);
}

/** Ends a capture that must not go on. Where it may have started, its target is cleaned first. */
async function endClean(
  capture: Capture,
  reason: Failure,
  parts: Pick<StageParts, 'targets' | 'profiling' | 'ledger' | 'owner' | 'observer' | 'now'>,
  log: Log,
  signal: AbortSignal,
): Promise<null> {
  const { state, target, session } = capture;
  const notClean = logNotClean(log);
  try {
    if (state === 'capturing' && target !== null) {
      if (session === null) await cleanAfterUnknownStart(capture, { target, place: null }, parts, notClean);
      else await cleanAfterSession({ target, session }, parts, notClean);
    }
    await end(capture, reason, parts, log);
    return null;
  } catch (error) {
    return await endByFault(error, capture, parts, log, signal);
  }
}
