import { reasons, type ReasonCode } from './reasons.ts';

/** Why something was not done, as it is kept in the ledger and shown on pages, annotations and by `explain`. */
export interface Reason {
  code: ReasonCode;
  /** What was found in this case (a path, a name, a number); shown escaped, never interpreted. At most 2,000 characters. */
  detail: string;
}

/** A reason in words for the person who reads it at 3 a.m.: what happened, then what to do. */
export function describeReason(reason: Reason): { sentence: string; detail: string; remedy: string } {
  const { sentence, remedy } = reasons[reason.code];
  return { sentence, detail: reason.detail, remedy };
}

interface FailureOptions {
  detail?: string;
  cause?: unknown;
  /** stderr of the remote command, kept for the log; at most the last 4 KiB are kept. */
  stderr?: string;
}

/** An error as data: a code from the one list, whether trying again can help, and what was seen. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: ReasonCode;
  readonly retryable: boolean;
  readonly detail: string;
  readonly stderr: string;

  constructor(code: ReasonCode, options: FailureOptions = {}) {
    const detail = options.detail ?? '';
    super(detail === '' ? reasons[code].sentence : `${reasons[code].sentence} (${detail})`, {
      cause: options.cause,
    });
    this.code = code;
    this.retryable = reasons[code].retryable;
    this.detail = detail;
    this.stderr = (options.stderr ?? '').slice(-4096);
  }

  get reason(): Reason {
    return { code: this.code, detail: this.detail.slice(0, 2000) };
  }
}

/** Anything thrown → a Failure; what is not one already is a fault of ours: `internal-error`. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure('internal-error', {
    detail: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}
