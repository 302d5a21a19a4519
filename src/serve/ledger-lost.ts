import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../captures/ledger.ts';
import { asFailure, describeReason, type Failure } from '../reasons/failure.ts';
import type { Log } from '../captures/log.ts';

const lookMs = 500;
/** Windows of a minute that run by then have ended, and their targets are clean. A file that was moved may come back. */
const patienceMs = 90_000;

/**
 * Resolves once the ledger has been lost for 90 s: the process is to end, so that whatever restarts it begins with what
 * is at the path by then. Until then it takes no notifications, and starts nothing.
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
      log.warn('the file of the ledger is back, and nothing was lost');
    }
    await sleep(lookMs, undefined, { signal: stop, ref: false }).catch(() => undefined);
    if (stop.aborted) return new Promise<never>(() => undefined);
  }
}
