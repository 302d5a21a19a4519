import type { Request, Response } from 'express';
import type { Capture } from '../captures/capture.ts';
import { describeReason } from '../reasons/failure.ts';
import { outcomeSentence } from '../captures/outcome.ts';
import { messagePage } from './layout.ts';

/** True when the reader asked for data rather than a page. */
export function wantsJson(request: Request): boolean {
  return request.accepts(['html', 'json']) === 'json';
}

/** 404 for an id that is in no ledger, or no more. */
export function sendUnknownCapture(request: Request, response: Response): void {
  const sentence = 'There is no capture with this id.';
  const mend = 'It may have passed its retention, or the link was cut; the newest captures are in the list.';
  response.status(404);
  if (wantsJson(request)) response.json({ error: 'capture-unknown', message: sentence, mend });
  else response.send(messagePage('Unknown capture', sentence, mend));
}

/** 404 when there is no such artifact, or not yet; 410 once it has `expired`: with what is still known of the capture. */
export function sendGone(
  request: Request,
  response: Response,
  capture: Capture,
  name: string,
  expired: boolean,
): void {
  const { sentence, mend } = expired
    ? describeReason({ code: 'artifact-expired', detail: '' })
    : {
        sentence: `There is no ${name} for this capture.`,
        mend:
          capture.storeRetry === null
            ? outcomeSentence(capture)
            : 'The store has not taken its files yet; flamepin keeps trying.',
      };
  response.status(expired ? 410 : 404);
  if (wantsJson(request))
    response.json({
      error: expired ? 'artifact-expired' : 'artifact-missing',
      message: sentence,
      mend,
      headline: outcomeSentence(capture),
    });
  else response.send(messagePage(name, sentence, expired ? `${outcomeSentence(capture)} ${mend}` : mend));
}
