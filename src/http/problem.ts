import type { ErrorRequestHandler, Response } from 'express';
import type { Log } from '../telemetry/log.ts';
import { asFailure, describeReason } from '../reasons/failure.ts';
import type { ReasonCode } from '../reasons/reasons.ts';

/** A refusal of a request: what is wrong with it, and what to do. */
export class RequestProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly mend: string;

  constructor(status: number, code: string, message: string, mend: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.mend = mend;
  }
}

/** Faults that a sender should try again after: it is answered 503, which Alertmanager repeats. */
const unavailable: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'ledger-full',
  'ledger-locked',
  'ledger-unavailable',
  'store-unavailable',
]);

export function sendProblem(
  response: Response,
  problem: { status: number; code: string; message: string; mend: string },
): void {
  response.status(problem.status).json({ error: problem.code, message: problem.message, mend: problem.mend });
}

/** Bodies that no later attempt can mend. */
const badRequest: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'notification-malformed',
  'notification-version',
]);

/** The last handler: every error becomes a status, a code and two sentences; faults of ours are logged, never shown. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof RequestProblem) {
      sendProblem(response, error);
      return;
    }
    const bodyError = bodyProblem(error);
    if (bodyError !== undefined) {
      sendProblem(response, bodyError);
      return;
    }
    const failure = asFailure(error);
    const { sentence, mend } = describeReason(failure.reason);
    const status = badRequest.has(failure.code) ? 400 : unavailable.has(failure.code) ? 503 : 500;
    if (status === 400)
      log.warn({ path: request.path, reason: failure.code, detail: failure.detail }, 'request refused');
    else log.error({ err: error, path: request.path }, 'request failed');
    const message = status === 400 && failure.detail !== '' ? `${sentence} ${failure.detail}` : sentence;
    sendProblem(response, { status, code: failure.code, message, mend });
  };
}

/** What express's body reader throws, by the `type` that it documents. */
function bodyProblem(error: unknown): RequestProblem | undefined {
  if (!(error instanceof Error) || !('type' in error)) return undefined;
  switch (error.type) {
    case 'entity.too.large':
      return bodyTooLarge('limit' in error ? Number(error.limit) : 0);
    case 'entity.parse.failed':
      return notJson('Send one JSON object.');
    case 'encoding.unsupported':
      return new RequestProblem(
        415,
        'encoding-unsupported',
        'The content encoding is not supported.',
        'Send the body plain or gzipped.',
      );
    case 'request.aborted':
    case 'request.size.invalid':
      return new RequestProblem(400, 'body-incomplete', 'The body did not arrive whole.', 'Send it again.');
    default:
      return undefined;
  }
}

/** 400: what was sent as JSON is none. */
export function notJson(mend: string): RequestProblem {
  return new RequestProblem(400, 'not-json', 'The body is not JSON.', mend);
}

/** 413, with the limit that was passed, in bytes. */
export function bodyTooLarge(limit: number): RequestProblem {
  return new RequestProblem(
    413,
    'body-too-large',
    `The body is larger than ${Math.floor(limit / 1024 ** 2)} MiB.`,
    'Group fewer alerts into one notification (`group_by`), or raise `limits.notificationBytes`.',
  );
}
