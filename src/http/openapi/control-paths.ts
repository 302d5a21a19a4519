import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { blockListSchema, releasedSchema, releaseSchema } from '../blocks.ts';
import { captureIdSchema } from '../capture-json.ts';
import { pausedSchema } from '../pause.ts';
import { storingSchema } from '../store.ts';
import { json, refusals, unreadableBody } from './answers.ts';
import { capturesToken } from './security.ts';

const control = { tags: ['control'], security: capturesToken };

export const controlPaths: ZodOpenApiPathsObject = {
  '/pause': {
    post: {
      ...control,
      operationId: 'pause',
      summary: 'Starts no more windows until resumed; alerts are recorded as `paused`',
      responses: { 200: { description: 'Paused.', content: json(pausedSchema) }, ...refusals(401, 403) },
    },
  },
  '/resume': {
    post: {
      ...control,
      operationId: 'resume',
      summary: 'Starts windows again',
      responses: { 200: { description: 'Resumed.', content: json(pausedSchema) }, ...refusals(401, 403) },
    },
  },
  '/store': {
    post: {
      ...control,
      operationId: 'storeAll',
      summary: 'Retries now to store everything that waits for the store',
      responses: {
        202: { description: 'They are being stored; none if nothing waits.', content: json(storingSchema) },
        ...refusals(401, 403),
      },
    },
  },
  '/captures/{id}/store': {
    post: {
      ...control,
      operationId: 'storeCapture',
      summary: 'Retries now to store a capture that waits for the store',
      requestParams: { path: z.object({ id: captureIdSchema }) },
      responses: {
        202: { description: 'It is being stored.', content: json(storingSchema) },
        ...refusals(400, 401, 403, 404, 409),
      },
    },
  },
  '/blocks': {
    get: {
      ...control,
      operationId: 'listBlocks',
      summary: 'What is blocked from profiling because a target died after its window',
      responses: {
        200: { description: 'The blocks.', content: json(blockListSchema) },
        ...refusals(401, 403),
      },
    },
  },
  '/blocks/release': {
    post: {
      ...control,
      operationId: 'releaseBlock',
      summary: 'Allows it to be profiled again',
      requestBody: { required: true, content: json(releaseSchema) },
      responses: {
        200: { description: 'Released.', content: json(releasedSchema) },
        ...refusals(401, 403, 404, ...unreadableBody),
      },
    },
  },
};
