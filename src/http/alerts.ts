import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Ledger } from '../captures/ledger.ts';
import { alertPage } from './alert-page.ts';
import { captureIdSchema, reasonJson, reasonJsonSchema } from './capture-json.ts';
import { sendProblemPage, wantsJson } from './problem.ts';
import { alertOutcomes } from '../alerts/alert.ts';

/** An alert that has been seen, as JSON. */
export const seenAlertSchema = z
  .object({
    fingerprint: z.string(),
    outcome: z.enum(alertOutcomes),
    reason: reasonJsonSchema.nullable(),
    receivedAt: z.iso.datetime(),
    captureId: captureIdSchema.nullable(),
  })
  .meta({ id: 'SeenAlert' });

/**
 * `GET /alerts/{fingerprint}`: a link that a pager or chat template can carry before any profile exists. Leads to
 * the newest capture of that alert and its earlier episodes, also once it has resolved or while it is in cooldown; or says
 * why there is none, or that the alert has not been seen yet.
 */
export function alertRoute(ledger: Ledger): RequestHandler<{ fingerprint: string }> {
  return async (request, response) => {
    const seen = await ledger.findAlert(request.params.fingerprint);
    response.setHeader('Cache-Control', 'no-store');
    if (seen === undefined) {
      const problem = {
        status: 404,
        code: 'alert-unknown',
        message: 'This alert has not been seen yet.',
        remedy:
          'If it has just fired, its page appears here by itself within seconds; otherwise check that its receiver sends to flamepin.',
      };
      sendProblemPage(request, response, problem, { title: 'Alert', follows: true });
      return;
    }
    response.vary('Accept');
    if (wantsJson(request)) {
      const json: z.infer<typeof seenAlertSchema> = {
        fingerprint: seen.alert.fingerprint,
        outcome: seen.outcome,
        reason: reasonJson(seen.reason),
        receivedAt: new Date(seen.receivedAt).toISOString(),
        captureId: seen.capture?.id ?? null,
      };
      response.json(json);
      return;
    }
    if (seen.capture !== null) {
      response.redirect(302, `/captures/${seen.capture.id}`);
      return;
    }
    response.send(alertPage(seen));
  };
}
