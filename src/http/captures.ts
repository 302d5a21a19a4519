import { Router, type RequestHandler } from 'express';
import { z } from 'zod';
import { type Capture } from '../captures/capture.ts';
import { captureBefore } from '../captures/baselines/capture-before.ts';
import type { CompareCaptures } from '../captures/analysis/compare-captures.ts';
import type { Ledger } from '../captures/ledger.ts';
import { sendUnknownCapture } from './capture-gone.ts';
import { captureIdSchema, captureJson, listedCaptureJson, type captureListSchema } from './capture-json.ts';
import { capturePage } from './capture-page.ts';
import { aloneLink, comparedCapture, earlierLink, siblingLinks } from './comparison.ts';
import { jsonBody, readAs } from './json-body.ts';
import { listPage } from './list-page.ts';
import { listFilter, listQuerySchema } from './list-query.ts';
import { wantsJson } from './problem.ts';
import { captureEventSchema } from '../profile/capture-event.ts';
import type { Link } from '../profile/link.ts';

const pageSize = 50;

const targetPattern = /^(host|kubernetes|docker|ssh):\/\//;

export const manualRequestSchema = z
  .strictObject({
    target: z
      .string()
      .max(500)
      .regex(targetPattern, { error: 'Start with host://, kubernetes://, docker:// or ssh://.' })
      .meta({
        description:
          '`host://[pid]`, `kubernetes://namespace/pod[/container]`, `docker://[engine/]container` or `ssh://[user@]host[:port][/pid]`.',
      }),
    event: captureEventSchema.default('cpu'),
    durationSeconds: z.number().int().min(15).max(60).default(30),
    purpose: z.enum(['manual', 'baseline']).default('manual').meta({
      description: '`baseline`: the workload is healthy, and its later captures are compared with this one.',
    }),
  })
  .meta({ id: 'ManualRequest' });
export type ManualRequest = z.infer<typeof manualRequestSchema>;

export const queuedSchema = z
  .object({
    id: captureIdSchema,
    path: z.string().meta({ description: 'Where the capture is.' }),
  })
  .meta({ id: 'Queued' });

interface CapturesParts {
  ledger: Ledger;
  publicUrl: string | null;
  applicationPackages: readonly string[];
  /** The same window in the continuous profilers that are configured. */
  profilerLinks(capture: Capture): Link[];
  /** The capture's panel in the configured Grafana; null without one. */
  panelUrl(capture: Capture): string | null;
  compare: CompareCaptures;
  /** Lets through holders of the captures token. */
  allowed: RequestHandler;
  /** Queues a capture by hand; resolves to its id. */
  request(manual: ManualRequest): Promise<string>;
}

/** An id that was cut off leads nowhere, which is a 404. */
const againstSchema = z.object({
  against: z
    .string()
    .max(500)
    .transform((id) => (id === '' ? undefined : id))
    .optional(),
});

/** Pages and JSON of captures, and a capture by hand. */
export function captureRoutes(parts: CapturesParts): Router {
  const { ledger, publicUrl } = parts;
  const router = Router();

  router.get('/', (_request, response) => response.redirect(302, '/captures'));

  router.get('/captures', async (request, response) => {
    const query = readAs(
      listQuerySchema,
      request.query,
      'Correct the filter, or open /captures without one.',
    );
    const captures = await ledger.list(listFilter(query, pageSize));
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Vary', 'Accept');
    if (wantsJson(request)) {
      const json: z.infer<typeof captureListSchema> = { captures: captures.map(listedCaptureJson) };
      response.json(json);
    } else
      response.send(
        listPage(captures, {
          query,
          pageSize,
          origin: publicUrl ?? `${request.protocol}://${request.headers.host ?? 'localhost'}`,
          held: { paused: await ledger.paused(), blocks: await ledger.blocks() },
        }),
      );
  });

  router.get('/captures/:id', async (request, response) => {
    const capture = await ledger.get(request.params.id);
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Vary', 'Accept');
    if (capture === undefined) {
      sendUnknownCapture(request, response);
      return;
    }
    const { against } = readAs(againstSchema, request.query, 'Name one capture, or none.');
    const shown =
      against === undefined
        ? capture
        : await comparedCapture(
            request,
            response,
            { capture, base: await ledger.get(against) },
            parts.compare,
          );
    if (shown === undefined) return;
    if (wantsJson(request)) {
      response.json(captureJson(shown));
      return;
    }
    const sibling = capture.sibling === null ? undefined : await ledger.get(capture.sibling.captureId);
    const links =
      against === undefined
        ? [...siblingLinks(capture, sibling), ...earlierLink(capture, await captureBefore(ledger, capture))]
        : aloneLink(capture);
    response.send(
      capturePage(shown, {
        applicationPackages: parts.applicationPackages,
        otherLinks: [...links, ...parts.profilerLinks(capture)],
        opensAsDifference: against !== undefined,
        panelUrl: parts.panelUrl(capture),
      }),
    );
  });

  router.post('/captures', parts.allowed, jsonBody, async (request, response) => {
    const manual = readAs(
      manualRequestSchema,
      request.body,
      'Send {"target": "host://4711", "event": "cpu", "durationSeconds": 30, "purpose": "manual"}.',
    );
    const id = await parts.request(manual);
    const json: z.infer<typeof queuedSchema> = { id, path: `/captures/${id}` };
    response.status(202).location(json.path).json(json);
  });
  return router;
}
