import type { Log } from '../log.ts';
import { asFailure } from '../../reasons/failure.ts';
import type { Target, Targets } from '../target.ts';
import type { Ledger } from '../ledger.ts';
import type { CaptureObserver } from '../observer.ts';

const deadlineMs = 10_000;

interface WatchParts {
  ledger: Ledger;
  targets(kind: Target['kind']): Promise<Targets>;
  observer: CaptureObserver;
  now: () => number;
}

/**
 * Looks once at every target whose window ended within the last five minutes. One that died or restarted is said so
 * on its annotation, its image or workload is blocked until released, and it is counted: a profiler must never be
 * suspected in silence. One that ended as it was ordered is only said so.
 */
export async function watchForHarm(parts: WatchParts, log: Log, stop: AbortSignal): Promise<void> {
  for (const capture of await parts.ledger.watches(parts.now())) {
    if (capture.target === null) continue;
    const signal = AbortSignal.any([stop, AbortSignal.timeout(deadlineMs)]);
    try {
      const health = await (
        await parts.targets(capture.target.kind)
      ).health(capture.target, capture.session, signal);
      if (health.alive) continue;
      await parts.ledger.recordHarm(capture.id, health.detail, parts.now(), health.blocks);
      const seen = { captureId: capture.id, target: capture.target.uri, detail: health.detail };
      if (health.blocks) {
        parts.observer.harmed();
        log.error(seen, 'the target died after its window');
      } else log.warn(seen, 'the target ended after its window, as it was ordered');
    } catch (error) {
      if (stop.aborted) return;
      log.warn({ captureId: capture.id, reason: asFailure(error).code }, 'the target could not be looked at');
    }
  }
}
