/** Moments and spans of the ledger’s tests, milliseconds. */

export const noon = Date.UTC(2026, 10, 23, 12);
export const second = 1000;
export const minute = 60 * second;
export const leaseMs = 10 * second;
