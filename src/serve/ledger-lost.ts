import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../captures/ledger.ts';
import { asFailure, describeReason, type Failure } from '../reasons/failure.ts';
import type { Log } from '../captures/log.ts';

const checkMs = 500;
/** Long enough for running windows to end and their targets to be cleaned. A file that was moved may come back. */
const patienceMs = 90_000;

/**
 * Resolves once the ledger has been lost for 90 s. The process should then exit, so that a restart opens whatever is at
 * the path by then. Until then it accepts no notifications and starts nothing.
 */
export async function ledgerLost(ledger: Ledger, log: Log, stop: AbortSignal): Promise<Failure> {
  let since: number | null = null;
  for (;;) {
    const failure = await ledger.ready().then(() => null, asFailure);
    if (failure?.code === 'ledger-lost') {
      if (since === null) {
        const { sentence, detail, remedy } = describeReason(failure.reason);
        log.error({ reason: failure.code, detail, remedy }, sentence);
      }
      since ??= performance.now();
      if (performance.now() - since >= patienceMs) return failure;
    } else if (failure === null && since !== null) {
      since = null;
      log.warn(
        'the ledger file is back, with everything acknowledged; recordings fetched meanwhile are lost',
      );
    }
    await sleep(checkMs, undefined, { signal: stop, ref: false }).catch(() => undefined);
    if (stop.aborted) return new Promise<never>(() => undefined);
  }
}
