import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { captureIdSchema, captureJsonSchema, captureListSchema } from '../capture-json.ts';
import { manualRequestSchema, queuedSchema } from '../captures.ts';
import { listQuerySchema } from '../list-query.ts';
import { json, pageOrJson, refusals, unreadableBody } from './answers.ts';
import { capturesToken } from './security.ts';

export const capturePaths: ZodOpenApiPathsObject = {
  '/': {
    get: {
      operationId: 'start',
      tags: ['captures'],
      summary: 'Redirects to the list',
      responses: {
        302: { description: 'To the list.', headers: z.object({ Location: z.string() }) },
        ...refusals(),
      },
    },
  },
  '/captures': {
    get: {
      operationId: 'listCaptures',
      tags: ['captures'],
      summary: 'The captures, newest first',
      description:
        'At most 50; `before` gives the next page. An alert has its first 50 labels, names and values cut to 200 characters; the capture itself has them all, uncut.',
      requestParams: { query: listQuerySchema },
      responses: { 200: pageOrJson('The captures.', captureListSchema), ...refusals(400) },
    },
    post: {
      operationId: 'requestCapture',
      tags: ['captures'],
      summary: 'A capture by hand',
      description: 'Goes through the same queue, limits and checks as a capture for an alert.',
      security: capturesToken,
      requestBody: { required: true, content: json(manualRequestSchema) },
      responses: {
        202: {
          description: 'It is queued.',
          headers: z.object({ Location: z.string() }),
          content: json(queuedSchema),
        },
        ...refusals(401, 403, ...unreadableBody),
      },
    },
  },
  '/captures/{id}': {
    get: {
      operationId: 'getCapture',
      tags: ['captures'],
      summary: 'One capture, whatever its state',
      requestParams: {
        path: z.object({ id: captureIdSchema }),
        query: z.object({
          against: z
            .union([z.literal(''), captureIdSchema])
            .optional()
            .meta({
              description: 'Compare with this capture; both need their profile. Empty: no comparison.',
            }),
        }),
      },
      responses: { 200: pageOrJson('The capture.', captureJsonSchema), ...refusals(400, 404) },
    },
  },
};
