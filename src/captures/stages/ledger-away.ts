import type { Failure } from '../../reasons/failure.ts';

/** Nothing can be written down now, so nothing is decided: the lease runs out, and the capture is taken again. */
export const isLedgerAway = ({ code }: Failure): boolean =>
  code === 'ledger-full' || code === 'ledger-unavailable';
