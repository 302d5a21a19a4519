import { Router, type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { captureEventSchema, captureStates, type Capture } from '../captures/capture.ts';
import { isFinal } from '../captures/outcome.ts';
import { captureBefore } from '../captures/capture-before.ts';
import type { CompareCaptures } from '../captures/compare-captures.ts';
import type { CaptureFilter, Ledger } from '../captures/ledger.ts';
import { captureJson, listedCaptureJson } from './capture-json.ts';
import { capturePage } from './capture-page.ts';
import { sendUnknownCapture, wantsJson } from './capture-gone.ts';
import { demandToken } from './access.ts';
import { aloneLink, comparedCapture, earlierLink, siblingLinks } from './comparison.ts';
import { listPage } from './list-page.ts';
import { RequestProblem } from './problem.ts';
import { jsonBody } from './request-body.ts';

const pageSize = 50;
/** Bytes. */
const handBodyLimit = 16 * 1024;

const targetPattern = /^(host|kubernetes|docker|ssh):\/\//;

export const handRequestSchema = z.strictObject({
  target: z.string().max(500).regex(targetPattern, { error: 'Begin with host:// or kubernetes://.' }),
  event: captureEventSchema.default('cpu'),
  durationSeconds: z.number().int().min(15).max(60).default(30),
  /** `baseline`: the workload is well, and later captures of it are compared with this one. */
  purpose: z.enum(['hand', 'baseline']).default('hand'),
});
export type HandRequest = z.infer<typeof handRequestSchema>;

const releaseSchema = z.object({ key: z.string().max(1000) });

interface CapturesParts {
  ledger: Ledger;
  publicUrl: string | null;
  applicationPackages: readonly string[];
  /** The same window in the continuous profilers that are configured. */
  profilerLinks(capture: Capture): { words: string; href: string }[];
  compare: CompareCaptures;
  capturesToken: (() => string) | null;
  /** Queues a capture by hand; resolves to its id. */
  request(hand: HandRequest): Promise<string>;
  setPaused(paused: boolean): Promise<void>;
  /** What waits in the spool, of one capture or of all, is stored now; resolves to the captures that this concerns. */
  storeNow(id: string | null): Promise<string[]>;
}

/** Pages and JSON of captures, and a capture by hand. */
export function captureRoutes(parts: CapturesParts): Router {
  const { ledger, publicUrl, capturesToken } = parts;
  const router = Router();

  router.get('/', (_request, response) => response.redirect(302, '/captures'));

  router.get('/captures', async (request, response) => {
    const query = {
      workload: text(request, 'workload'),
      state: text(request, 'state'),
      before: text(request, 'before'),
      since: text(request, 'since'),
      until: text(request, 'until'),
    };
    const since = time(request, 'since');
    const until = time(request, 'until');
    const state = captureStates.find((known) => known === query.state);
    const filter: CaptureFilter = {
      limit: pageSize,
      ...(query.workload === undefined ? {} : { workload: query.workload }),
      ...(state === undefined ? {} : { states: [state] }),
      ...(query.before === undefined ? {} : { before: query.before }),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    };
    const captures = await ledger.list(filter);
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Vary', 'Accept');
    if (wantsJson(request)) response.json({ captures: captures.map(listedCaptureJson) });
    else
      response.send(
        listPage(
          captures,
          query,
          pageSize,
          publicUrl ?? `${request.protocol}://${request.headers.host ?? 'localhost'}`,
        ),
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
    const against = text(request, 'against');
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
        links: [...links, ...parts.profilerLinks(capture)],
        opensAsDifference: against !== undefined,
      }),
    );
  });

  // The token first: a stranger's body is not worth reading.
  const allowed: RequestHandler = (request, _response, next) => {
    demandToken(request, capturesToken, 'capturesTokenFile', publicUrl);
    next();
  };
  const json = jsonBody(handBodyLimit);

  router.post('/captures', allowed, json, async (request, response) => {
    const hand = handRequestSchema.safeParse(request.body);
    if (!hand.success)
      throw new RequestProblem(
        400,
        'request-invalid',
        z.prettifyError(hand.error),
        'Send {"target": "host://4711", "event": "cpu", "durationSeconds": 30, "purpose": "hand"}.',
      );
    const id = await parts.request(hand.data);
    response.status(202).json({ id, path: `/captures/${id}` });
  });

  router.post('/store', allowed, async (_request, response) => {
    response.status(202).json({ storing: await parts.storeNow(null) });
  });
  router.post('/captures/:id/store', allowed, async (request: Request<{ id: string }>, response) => {
    const capture = await ledger.get(request.params.id);
    if (capture === undefined) {
      sendUnknownCapture(request, response);
      return;
    }
    const storing = await parts.storeNow(capture.id);
    if (storing.length === 0) throw nothingToStore(capture);
    response.status(202).json({ storing });
  });

  for (const [path, paused] of [
    ['/pause', true],
    ['/resume', false],
  ] as const) {
    router.post(path, allowed, async (_request, response) => {
      await parts.setPaused(paused);
      response.json({ paused });
    });
  }

  router.get('/blocks', allowed, async (_request, response) => {
    response.json({ blocks: await ledger.blocks() });
  });
  router.post('/blocks/release', allowed, json, async (request, response) => {
    const wanted = releaseSchema.safeParse(request.body);
    if (!wanted.success || !(await ledger.releaseBlock(wanted.data.key)))
      throw new RequestProblem(
        404,
        'block-unknown',
        'Nothing is blocked under this key.',
        'GET /blocks lists the keys; send {"key": "…"}.',
      );
    response.json({ released: wanted.data.key });
  });
  return router;
}

function nothingToStore(capture: Capture): RequestProblem {
  const { state } = capture;
  return new RequestProblem(
    409,
    'nothing-to-store',
    `Nothing of this capture waits to be stored: it is ${state}.`,
    state === 'done'
      ? 'Its files are in the store already.'
      : isFinal(capture)
        ? 'Its recording is not in the spool any more; take a new one with POST /captures.'
        : 'Wait for the end of its window.',
  );
}

function text(request: Request, name: string): string | undefined {
  const value = request.query[name];
  return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
}

/** ISO time → milliseconds; a browser's field knows no zone and means UTC; what is no time is ignored. */
function time(request: Request, name: string): number | undefined {
  const iso = text(request, name) ?? '';
  const value = Date.parse(/T\d\d:\d\d(:\d\d)?$/.test(iso) ? `${iso}Z` : iso);
  return Number.isNaN(value) ? undefined : value;
}
