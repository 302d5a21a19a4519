import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { notificationSchema } from '../../alerts/notification.ts';
import { acceptedSchema, type Sender } from '../webhooks.ts';
import { json, refusals, unreadableBody } from './answers.ts';
import { anySource } from './security.ts';

const receive = (sender: Sender, operationId: string, name: string): ZodOpenApiOperationObject => ({
  operationId,
  tags: ['webhooks'],
  summary: `A notification from ${name}`,
  description:
    'Answered after the commit. What cannot be profiled is answered 200 with its reason, because a sender repeats whatever is refused. Entries of `alerts` that are not alerts are left out; if none is left, the answer is 400. A body may take 30 seconds, and must average 8 KiB/s after the first five. A source without a secret, which only a server on loopback may have, needs no credentials.',
  security: anySource,
  requestBody: {
    required: true,
    description: `As ${name} sends it, plain or gzipped; version "4" or "1". ${sender === 'grafana' ? 'Its custom payload is not read.' : 'Unknown fields are ignored.'}`,
    content: json(notificationSchema),
  },
  responses: {
    200: { description: 'What happened to each alert, in the same order.', content: json(acceptedSchema) },
    ...refusals(401, ...unreadableBody),
  },
});

export const webhookPaths: ZodOpenApiPathsObject = {
  '/webhooks/alertmanager': { post: receive('alertmanager', 'receiveFromAlertmanager', 'Alertmanager') },
  '/webhooks/grafana': {
    post: receive('grafana', 'receiveFromGrafana', 'Grafana'),
    put: receive('grafana', 'receiveFromGrafanaByPut', 'Grafana'),
  },
};
