import { Router, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Log } from '../captures/log.ts';
import { countJsonValues } from '../alerts/json-values.ts';
import { parsers } from '../alerts/parsers.ts';
import { senderNames, senders, type Sender } from '../alerts/sender.ts';
import type { SignedRequest, Identified } from '../alerts/signature.ts';
import type { AcceptedAlert, AlertDecision, Ledger } from '../captures/ledger.ts';
import { Failure } from '../reasons/failure.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { BodyBudget } from './body-budget.ts';
import { captureIdSchema } from './capture-json.ts';
import { shareOf, trustConnection } from './connections.ts';
import { demandJsonType } from './json-body.ts';
import { bodyTooLarge, notJson, RequestProblem } from './problem.ts';
import { readBody } from './request-body.ts';
import { reasonSchema } from '../reasons/reason.ts';
import { alertOutcomes, type Alert } from '../alerts/alert.ts';

export const acceptedSchema = z
  .object({
    accepted: z.int().nonnegative().meta({ description: 'How many alerts will be profiled: `queued`.' }),
    alerts: z.array(
      z.object({
        fingerprint: z.string(),
        outcome: z.enum(alertOutcomes),
        captureId: captureIdSchema.exactOptional().meta({ description: 'Its capture, or the earlier one.' }),
        reason: reasonSchema.exactOptional().meta({ description: 'Why it will not be profiled.' }),
      }),
    ),
  })
  .meta({ id: 'Accepted' });

interface WebhookParts {
  /** Which configured source of that sender the request comes from, or why none is trusted. */
  identify(sender: Sender, request: SignedRequest): Identified;
  ledger: Ledger;
  metrics: Metrics;
  log: Log;
  now: () => number;
  bodyLimit: number;
  /** What to do with each alert of a notification. */
  decide(alerts: readonly Alert[], now: number): Promise<AlertDecision[]>;
  /** Called once the notification is committed, with what was recorded of each alert. */
  accepted(alerts: readonly Alert[], accepted: readonly AcceptedAlert[]): void;
}

/**
 * Bodies of the largest size that may be in memory at once of those whose headers show a secret, and as many of those
 * who can only be judged by a signature over the body: these must not crowd out the others.
 */
const bodiesAtOnce = 4;
/** Of a body of the second kind, bytes; with 500 connections 32 MiB. Most notifications are smaller. */
const allowance = 64 * 1024;
const tooLargeRemedy =
  'Group fewer alerts into one notification (`group_by`), or raise `limits.maxNotificationBytes`.';

/**
 * `/webhooks/NAME` for each sender, by its methods. Answered 2xx only after the commit; an alert that can't be mapped is
 * 2xx with its reason, because a 4xx would be sent again for ever.
 */
export function webhookRoutes(parts: WebhookParts): Router {
  const router = Router();
  const budgets = {
    proven: new BodyBudget(parts.bodyLimit * bodiesAtOnce, allowance, false),
    unproven: new BodyBudget(parts.bodyLimit * bodiesAtOnce, allowance, true),
  };
  for (const sender of senderNames) {
    const receive: RequestHandler = async (request, response) => {
      // The headers first: a stranger's body would fill the memory of whoever listens to everybody.
      const { source: named, proven } = demandSource(request, null, sender, parts);
      if (proven) nameSource(response, named);
      const budget = proven ? budgets.proven : budgets.unproven;
      const body = await readBody(request, response, {
        most: parts.bodyLimit,
        tooLargeRemedy,
        open: (giveUp) => budget.open(shareOf(request.socket.remoteAddress), giveUp),
      });
      const { source } = demandSource(request, body, sender, parts);
      nameSource(response, source);
      const alerts = await receiveNotification(body, { source, sender }, parts);
      const json: z.infer<typeof acceptedSchema> = {
        accepted: alerts.filter(({ outcome }) => outcome === 'queued').length,
        alerts,
      };
      response.json(json);
    };
    const steps = [demandJson(parts.bodyLimit), receive];
    const route = router.route(`/webhooks/${sender}`);
    for (const method of senders[sender].methods) route[method](steps);
  }
  return router;
}

/** Before the body is read: what is not JSON, or declares itself too large, is not worth waiting for. */
const demandJson =
  (limit: number): RequestHandler =>
  (request, _response, next) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) throw bodyTooLarge(limit, tooLargeRemedy);
    demandJsonType(request, 'Send Content-Type: application/json, as Alertmanager and Grafana do.');
    next();
  };

/** Who sent it; throws a RequestProblem 401. Without the body a signature is taken on trust for now. */
function demandSource(
  request: Request,
  rawBody: Buffer | null,
  sender: Sender,
  parts: WebhookParts,
): Extract<Identified, { source: string }> {
  const { headers } = request;
  const verdict = parts.identify(sender, { headers, rawBody, now: parts.now() });
  if (verdict.source !== null) {
    if (verdict.proven) trustConnection(request);
    return verdict;
  }
  throw new RequestProblem(
    401,
    'unauthorized',
    `The sender could not be authenticated: ${verdict.detail}.`,
    'Give the receiver the secret that flamepin has for it under `sources`.',
  );
}

/** What is refused from here on counts as that source's. */
function nameSource({ locals }: Response, source: string): void {
  locals['source'] = source;
}

/** The source that a notification came from; null while its secret has not been checked. */
export function sourceOf({ locals }: Response): string | null {
  return z.string().nullable().catch(null).parse(locals['source']);
}

async function receiveNotification(
  body: Buffer,
  origin: { source: string; sender: Sender },
  parts: WebhookParts,
): Promise<AcceptedAlert[]> {
  const { source, sender } = origin;
  const notification = parsers[sender].parse(parseJson(body), origin);
  for (const warning of notification.warnings) parts.log.warn({ source }, warning);
  const now = parts.now();
  const accepted = await parts.ledger.accept(await parts.decide(notification.alerts, now), now);
  parts.accepted(notification.alerts, accepted);
  for (const { outcome } of accepted) parts.metrics.alert(source, outcome);
  parts.log.info({ source, alerts: accepted.slice(0, 20), total: accepted.length }, 'notification committed');
  return accepted;
}

/** JSON values in one notification: 10,000 alerts of fifty each. An ordinary one has less than thirty. */
const mostValues = 500_000;

function parseJson(body: Buffer): unknown {
  if (countJsonValues(body, mostValues + 1) > mostValues)
    throw new Failure('notification-too-large', { detail: `More than ${mostValues} JSON values.` });
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw notJson('Send the webhook body of Alertmanager or Grafana unchanged.');
  }
}
