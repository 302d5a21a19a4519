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
 * Looks once at every target whose window ended within the last five minutes. If one died or restarted, its annotation
 * says so, its image or workload is blocked until released, and it is counted: harm by a profiler must never go unseen.
 * If one ended as ordered, the annotation says so and nothing else happens.
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
      } else log.warn(seen, 'the target was shut down normally after its window');
    } catch (error) {
      if (stop.aborted) return;
      log.warn(
        { captureId: capture.id, reason: asFailure(error).code },
        'could not check the target after its window',
      );
    }
  }
}
