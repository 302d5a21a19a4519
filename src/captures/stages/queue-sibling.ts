import { asFailure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import { captureId } from '../capture-id.ts';
import type { Capture } from '../capture.ts';
import { targetRequest, type StageParts } from './stage-parts.ts';

/**
 * How long after the target's window that of its sibling may start, milliseconds. The shortest window is 15 s: what
 * starts later has seen another load.
 */
const latestStartMs = 5_000;

/**
 * Looks for a sibling of the target whose window has just begun, and queues a capture of it. The target never waits
 * for this, and nothing that goes wrong here fails its capture. Resolves to what is written in the capture then; null
 * when there is no sibling.
 */
export async function queueSibling(
  capture: Capture,
  parts: StageParts,
  log: Log,
  stop: AbortSignal,
): Promise<Capture['sibling']> {
  const { target, request } = capture;
  if (!request.sibling || target === null) return null;
  const deadlineAt = parts.now() + latestStartMs;
  const signal = AbortSignal.any([stop, AbortSignal.timeout(latestStartMs)]);
  try {
    const targets = await parts.targets(target.kind);
    const found = (await targets.sibling?.(target, targetRequest(capture), signal)) ?? null;
    if (found === null) {
      log.info('no sibling is fit to be profiled in the same window');
      return null;
    }
    if (found.node === target.node && parts.limits.perNode < 2) {
      log.info({ sibling: found.uri }, 'no sibling on another node, and limits.perNode is 1');
      return null;
    }
    const now = parts.now();
    const id = captureId(now);
    const sibling = { id, target: found, deadlineAt };
    if (!(await parts.ledger.addSibling(capture.id, parts.owner, sibling, now))) return null;
    parts.wake();
    log.info({ sibling: found.uri, siblingId: id, choice: found.choice }, 'a sibling is profiled as well');
    return { captureId: id, name: found.name, harm: null };
  } catch (error) {
    if (!stop.aborted)
      log.warn({ reason: asFailure(error).code, err: error }, 'no sibling could be looked for');
    return null;
  }
}
