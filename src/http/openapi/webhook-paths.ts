import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { parsers } from '../../alerts/parsers.ts';
import { senderNames, senders, type Sender } from '../../alerts/sender.ts';
import { acceptedSchema } from '../webhooks.ts';
import { json, refusals, unreadableBody } from './answers.ts';
import { anySource } from './security.ts';

const receive = (sender: Sender, operationId: string): ZodOpenApiOperationObject => ({
  operationId,
  tags: ['webhooks'],
  summary: `A notification from ${senders[sender].title}`,
  description:
    'Answered after the commit. What cannot be profiled is answered 200 with its reason, because senders retry whatever is refused. Entries of `alerts` that are not alerts are left out; if none is left, the answer is 400. A body may take 30 seconds, and must average 8 KiB/s after the first five. A source without a secret, which only a server on loopback may have, needs no credentials.',
  security: anySource,
  requestBody: {
    required: true,
    description: `As ${senders[sender].title} sends it, plain or gzipped; version "4" or "1". ${senders[sender].passedOver}`,
    content: json(parsers[sender].schema),
  },
  responses: {
    200: { description: 'What happened to each alert, in the same order.', content: json(acceptedSchema) },
    ...refusals(401, ...unreadableBody),
  },
});

/** `receiveFromGrafana`; by any method but POST `receiveFromGrafanaByPut`. */
const operations = (sender: Sender) =>
  senders[sender].methods.map((method) => {
    const by = method === 'post' ? '' : 'ByPut';
    return [method, receive(sender, `receiveFrom${senders[sender].title}${by}`)] as const;
  });

export const webhookPaths: ZodOpenApiPathsObject = Object.fromEntries(
  senderNames.map((sender) => [`/webhooks/${sender}`, Object.fromEntries(operations(sender))]),
);
