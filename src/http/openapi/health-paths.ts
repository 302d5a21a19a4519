import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { json, ledgerFaults, plain, stored } from './answers.ts';

export const healthPaths: ZodOpenApiPathsObject = {
  '/healthz': {
    get: {
      operationId: 'isAlive',
      tags: ['health'],
      summary: 'The process answers',
      responses: { 200: { description: '`ok`', content: plain('text/plain') } },
    },
  },
  '/readyz': {
    get: {
      operationId: 'isReady',
      tags: ['health'],
      summary: 'The ledger answers too, and the queue is not stuck',
      responses: { 200: { description: '`ready`', content: plain('text/plain') }, ...ledgerFaults() },
    },
  },
  '/metrics': {
    get: {
      operationId: 'getMetrics',
      tags: ['health'],
      summary: 'What Prometheus scrapes',
      responses: {
        200: { description: 'The text format, version 0.0.4.', content: plain('text/plain') },
        ...ledgerFaults(),
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'getInterface',
      tags: ['health'],
      summary: 'This document',
      responses: stored('OpenAPI 3.1.', json(z.looseObject({ openapi: z.string() }))),
    },
  },
};
