import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { seenAlertSchema } from '../alerts.ts';
import { pageOrJson, refusals } from './answers.ts';

export const alertPaths: ZodOpenApiPathsObject = {
  '/alerts/{fingerprint}': {
    get: {
      operationId: 'findAlert',
      tags: ['captures'],
      summary: 'The newest capture of an alert, or why there is none',
      description:
        'A link that a pager or chat message can carry before any capture exists. `captureId` is the newest capture of the alert and its earlier episodes, also once it has resolved; in a cooldown, the capture that it counts from.',
      requestParams: {
        path: z.object({
          fingerprint: z.string().meta({ description: 'As Alertmanager writes it: `{{ .Fingerprint }}`.' }),
        }),
      },
      responses: {
        200: pageOrJson('What happened to the alert.', seenAlertSchema),
        302: {
          description: 'To a browser, when there is a capture: its page.',
          headers: z.object({ Location: z.string() }),
        },
        ...refusals(400, 404),
      },
    },
  },
};
