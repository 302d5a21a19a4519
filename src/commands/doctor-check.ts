import type { CheckResult } from '../captures/target.ts';

export interface Check {
  what: string;
  /** Resolves to what was seen, or to lines of its own; rejects with a Failure. */
  look: () => Promise<string | CheckResult[]>;
}
