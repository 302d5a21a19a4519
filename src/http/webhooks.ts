import express, { Router, type Request } from 'express';
import type { Log } from '../telemetry/log.ts';
import { parseNotification } from '../alerts/notification.ts';
import type { SignedRequest, Verdict } from '../alerts/signature.ts';
import type { AcceptedAlert, AlertDecision, Ledger } from '../captures/ledger.ts';
import type { Alert } from '../captures/capture.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { bodyBudget } from './body-budget.ts';
import { bodyTooLarge, notJson, RequestProblem } from './problem.ts';

export type Sender = 'alertmanager' | 'grafana';

interface WebhookParts {
  /** Which configured source of that sender the request comes from, or why none is believed. */
  identify(sender: Sender, request: SignedRequest): Verdict;
  ledger: Ledger;
  metrics: Metrics;
  log: Log;
  now: () => number;
  bodyLimit: number;
  /** What to do with each alert of a notification. */
  decide(alerts: readonly Alert[], now: number): Promise<AlertDecision[]>;
  /** Called once the notification is committed. */
  accepted(): void;
}

/**
 * Bodies of the largest size that one kind of sender may have in memory at once. Each kind has its own share: who can
 * only be judged by a signature over the body must not crowd out those with a token.
 */
const bodiesAtOnce = 4;

const methods: Record<Sender, string> = { alertmanager: 'POST', grafana: 'POST, PUT' };

/**
 * `POST /webhooks/alertmanager`, `POST` or `PUT /webhooks/grafana`. Answered 2xx only after the commit; an alert that
 * can't be mapped is 2xx with its reason, for a 4xx would be sent again for ever.
 */
export function webhookRoutes(parts: WebhookParts): Router {
  const router = Router();
  const json = demandJson(parts.bodyLimit);
  const body = express.raw({ type: () => true, limit: parts.bodyLimit });
  for (const sender of ['alertmanager', 'grafana'] as const) {
    const receive: express.RequestHandler = async (request, response) => {
      const alerts = await receiveNotification(request, sender, parts);
      response.json({ accepted: alerts.filter(({ outcome }) => outcome === 'queued').length, alerts });
    };
    // Before the body is read: it would fill the memory of whoever listens to strangers.
    const known: express.RequestHandler = (request, _response, next) => {
      demandSource(request, null, sender, parts);
      next();
    };
    const steps = [json, known, bodyBudget(parts.bodyLimit, bodiesAtOnce), body, receive];
    const route = router.route(`/webhooks/${sender}`).post(steps);
    if (sender === 'grafana') route.put(steps);
    route.all((request, response) => {
      response.setHeader('Allow', methods[sender]);
      throw new RequestProblem(
        405,
        'method-not-allowed',
        `${request.method} is not for this address.`,
        `Send notifications with ${methods[sender]}.`,
      );
    });
  }
  return router;
}

/** Before the body is read: what is no JSON, or too large by its own word, is not worth waiting for. */
const demandJson =
  (limit: number): express.RequestHandler =>
  (request, response, next) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      response.setHeader('Connection', 'close');
      throw bodyTooLarge(limit);
    }
    if (request.is('application/json') !== 'application/json')
      throw new RequestProblem(
        415,
        'content-type',
        'The body is not declared as JSON.',
        'Send Content-Type: application/json, as Alertmanager and Grafana do.',
      );
    next();
  };

/** The source's name; throws a RequestProblem 401. Without the body a signature is taken on trust for now. */
function demandSource(
  { headers }: Request,
  rawBody: Buffer | null,
  sender: Sender,
  parts: WebhookParts,
): string {
  const verdict = parts.identify(sender, { headers, rawBody, now: parts.now() });
  if (verdict.source !== null) return verdict.source;
  parts.log.warn({ sender, detail: verdict.detail }, 'notification refused');
  throw new RequestProblem(
    401,
    'unauthorized',
    `The sender could not be authenticated: ${verdict.detail}.`,
    'Give the receiver the secret that flamepin has under `sources`.',
  );
}

async function receiveNotification(
  request: Request,
  sender: Sender,
  parts: WebhookParts,
): Promise<AcceptedAlert[]> {
  const raw: unknown = request.body;
  const body = Buffer.isBuffer(raw) ? raw : Buffer.alloc(0);
  const source = demandSource(request, body, sender, parts);
  const notification = parseNotification(parseJson(body), { source, sender });
  for (const warning of notification.warnings) parts.log.warn({ source }, warning);
  const now = parts.now();
  const accepted = await parts.ledger.accept(await parts.decide(notification.alerts, now), now);
  parts.accepted();
  for (const { outcome } of accepted) parts.metrics.alert(source, outcome);
  parts.log.info({ source, alerts: accepted.slice(0, 20), total: accepted.length }, 'notification committed');
  return accepted;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw notJson('Send the webhook body of Alertmanager or Grafana unchanged.');
  }
}
