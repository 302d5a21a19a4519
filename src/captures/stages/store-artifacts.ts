import { asFailure, type Failure } from '../../reasons/failure.ts';
import type { Capture } from '../capture.ts';
import type { Log } from '../log.ts';
import { captureStages } from './capture-stages.ts';
import { isLedgerUnavailable } from './ledger-unavailable.ts';
import { retryStore } from './retry-store.ts';
import { runStages } from './stage.ts';
import type { StoreParts } from './store-files.ts';

/**
 * Recording → answer and files → store. Whatever fails is retried for as long as a recording may be kept: it is in the
 * spool, and nobody can take it a second time. Once the answer is known it is told, stored or not. The files are made
 * once; later attempts store the same ones, so that they always belong to one answer. `unread`: why the recording is
 * stored without being read.
 */
export async function storeArtifacts(
  capture: Capture,
  parts: StoreParts,
  log: Log,
  signal: AbortSignal,
  unread: Failure | null = null,
): Promise<void> {
  const context = { ...parts, unread, log, signal };
  const storing = { capture, made: null, inSpool: false };
  await runStages(captureStages.store, storing, context, async (error, _stage, { made, inSpool }) => {
    signal.throwIfAborted();
    const failure = asFailure(error);
    if (isLedgerUnavailable(failure)) throw failure;
    await retryStore(capture, failure, inSpool ? null : made, parts, log);
    return null;
  });
}
