import type { Failure } from '../../reasons/failure.ts';

/** Nothing can be written now, so nothing is decided: the capture is leased again later. */
export const isLedgerUnavailable = ({ code }: Failure): boolean =>
  code === 'ledger-full' || code === 'ledger-unavailable';
