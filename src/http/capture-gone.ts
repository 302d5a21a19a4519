import type { Request, Response } from 'express';
import type { Capture } from '../captures/capture.ts';
import { outcomeSentence } from '../captures/outcome.ts';
import { describeReason } from '../reasons/failure.ts';
import { sendProblemPage } from './problem.ts';

/** For an id that the ledger does not have, or no longer has. */
export const unknownCapture = {
  status: 404,
  code: 'capture-unknown',
  message: 'There is no capture with this id.',
  remedy: 'It may have passed its retention, or the link was cut off; the newest captures are in the list.',
} as const;

/** The answer to whoever opens such an address. */
export function sendUnknownCapture(request: Request, response: Response): void {
  sendProblemPage(request, response, unknownCapture, { title: 'Unknown capture' });
}

/** 404 when there is no such artifact, or not yet; 410 once it has `expired`: with what is still known of the capture. */
export function sendGone(
  request: Request,
  response: Response,
  capture: Capture,
  name: string,
  expired: boolean,
): void {
  const headline = outcomeSentence(capture);
  if (!expired) {
    const message = `This capture has no ${name}.`;
    const remedy =
      capture.storeRetry === null ? headline : 'Its files are not in the store yet; flamepin keeps trying.';
    const problem = { status: 404, code: 'artifact-missing', message, remedy, headline };
    sendProblemPage(request, response, problem, { title: name });
    return;
  }
  const { sentence: message, remedy } = describeReason({ code: 'artifact-expired', detail: '' });
  const problem = { status: 410, code: 'artifact-expired', message, remedy, headline };
  sendProblemPage(request, response, problem, { title: name, remedy: `${headline} ${remedy}` });
}
