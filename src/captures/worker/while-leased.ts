import { asFailure } from '../../reasons/failure.ts';
import type { Ledger } from '../ledger.ts';
import { isLedgerUnavailable } from '../stages/ledger-unavailable.ts';
import type { Interruption } from '../stages/window-parts.ts';

/** A capture that this process has leased. */
export interface HeldLease {
  ledger: Pick<Ledger, 'renew' | 'release'>;
  now: () => number;
  /** The capture. */
  id: string;
  owner: string;
  /** Renewed three times in it. */
  leaseMs: number;
  /** A shutdown begins. */
  stopping: AbortSignal;
  /** It has taken so long that starts that were sent are given up too. */
  startGraceOver: AbortSignal;
}

/** How soon a capture is leased again after the ledger could not be written. */
const ledgerRetryMs = 5_000;

/** Runs the work while its lease is renewed. A lost lease aborts it: another owner has it now. */
export async function whileLeased(
  { ledger, now, id, owner, leaseMs, stopping, startGraceOver }: HeldLease,
  work: (interruption: Interruption) => Promise<void>,
): Promise<void> {
  const lost = new AbortController();
  const interruption: Interruption = {
    signal: AbortSignal.any([lost.signal, stopping]),
    startSignal: AbortSignal.any([lost.signal, startGraceOver]),
  };
  const renewal = setInterval(() => {
    ledger.renew(id, owner, now(), leaseMs).then(
      (kept) => {
        if (!kept) lost.abort();
      },
      // With the ledger lost nobody takes over: better go on and clean the target.
      (error: unknown) => {
        if (asFailure(error).code !== 'ledger-lost') lost.abort();
      },
    );
  }, leaseMs / 3);
  try {
    await work(interruption);
  } catch (error) {
    // Not the capture's fault, so not a cut-off. After any other error the lease runs out, which counts as one.
    if (isLedgerUnavailable(asFailure(error))) await ledger.release(id, owner, now() + ledgerRetryMs);
    throw error;
  } finally {
    clearInterval(renewal);
    if (stopping.aborted) await ledger.release(id, owner, now());
  }
}
