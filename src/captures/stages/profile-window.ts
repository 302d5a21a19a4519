import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Exec } from '../../profiler/exec.ts';
import type { Capture } from '../capture.ts';
import { captureStages } from './capture-stages.ts';
import { cleanTarget } from './leave-clean.ts';
import { isLedgerUnavailable } from './ledger-unavailable.ts';
import { runStages } from './stage.ts';
import type { Interruption, Journal, WindowParts } from './window-parts.ts';

/**
 * Profiles one window: resolve, admit, start, wait, collect, clean; from the middle when the capture says that it has
 * got so far. Resolves to the capture whose recording the journal has; to null when the journal stopped it. The target
 * is clean then, unless the journal was told otherwise.
 */
export async function profileWindow(
  capture: Capture,
  parts: WindowParts,
  journal: Journal,
  interruption: Interruption,
): Promise<Capture | null> {
  let exec: Exec | undefined;
  const connect = async ({ id, target, session }: Capture): Promise<Exec> => {
    if (target === null || session === null)
      throw new Failure('internal-error', { detail: 'a capture without a session was to be collected' });
    return (exec ??= (await parts.targets(target.kind)).open(target, session, id));
  };
  const context = { ...parts, ...interruption, journal, connect };
  try {
    return await runStages(captureStages.window, capture, context, async (error, stage, reached) => {
      const goesOnLater =
        journal.resumable && (interruption.signal.aborted || isLedgerUnavailable(asFailure(error)));
      if (reached.session !== null && !goesOnLater) await cleanTarget(reached, context);
      return journal.failed(error, stage, reached);
    });
  } finally {
    await exec?.close?.();
  }
}
