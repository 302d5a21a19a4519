import { asFailure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import { captureId } from '../capture-id.ts';
import type { Capture } from '../capture.ts';
import { targetRequest } from './resolve-target.ts';
import type { StageParts } from './stage-parts.ts';

/**
 * How much later than the target's window its sibling's may start, milliseconds. The shortest window is 15 s: one that
 * starts later sees another load.
 */
const latestStartMs = 5_000;

/**
 * Looks for a sibling of a target whose window has just started, and queues its capture. The target never waits for
 * this, and an error here does not fail its capture. Resolves to the capture's `sibling`; null when there is none.
 */
export async function queueSibling(
  capture: Capture,
  parts: Pick<StageParts, 'targets' | 'ledger' | 'owner' | 'now' | 'limits' | 'wake'>,
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
      log.info('no healthy sibling to profile in the same window');
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
    log.info(
      { sibling: found.uri, siblingId: id, choice: found.choice },
      'profiling a sibling in the same window',
    );
    return { captureId: id, name: found.name, harm: null };
  } catch (error) {
    if (!stop.aborted)
      log.warn({ reason: asFailure(error).code, err: error }, 'could not look for a sibling');
    return null;
  }
}
