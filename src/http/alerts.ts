import type { RequestHandler } from 'express';
import type { Ledger } from '../captures/ledger.ts';
import { describeReason } from '../reasons/failure.ts';
import { reasonJson } from './capture-json.ts';
import { wantsJson } from './capture-gone.ts';
import { messagePage } from './layout.ts';

/**
 * `GET /alerts/{fingerprint}`: a link that a pager or chat template can carry before any profile exists. Leads to
 * the newest capture of that alert, or says why there is none, or that the alert has not been seen yet.
 */
export function alertRoute(ledger: Ledger): RequestHandler<{ fingerprint: string }> {
  return async (request, response) => {
    const seen = await ledger.findAlert(request.params.fingerprint);
    response.setHeader('Cache-Control', 'no-store');
    if (seen === undefined) {
      const sentence = 'This alert has not been seen yet.';
      const mend =
        'If it has just fired, reload in a few seconds; else check that its receiver sends to flamepin.';
      response.status(404);
      if (wantsJson(request)) response.json({ error: 'alert-unknown', message: sentence, mend });
      else response.send(messagePage('Alert', sentence, mend));
      return;
    }
    if (wantsJson(request)) {
      response.json({
        fingerprint: seen.alert.fingerprint,
        outcome: seen.outcome,
        reason: reasonJson(seen.reason),
        receivedAt: new Date(seen.receivedAt).toISOString(),
        captureId: seen.capture?.id ?? null,
      });
      return;
    }
    if (seen.capture !== null) {
      response.redirect(302, `/captures/${seen.capture.id}`);
      return;
    }
    const words =
      seen.reason === null
        ? { sentence: `The alert was ${seen.outcome}.`, mend: '' }
        : describeReason(seen.reason);
    response.send(messagePage(`Alert ${seen.alert.labels['alertname'] ?? ''}`, words.sentence, words.mend));
  };
}
