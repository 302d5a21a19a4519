import { gunzipSync } from 'node:zlib';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { ArtifactStore, StoredObject } from '../captures/artifact-store.ts';
import type { Capture } from '../captures/capture.ts';
import type { Ledger } from '../captures/ledger.ts';
import type { ExportProfile } from '../captures/analysis/export-profile.ts';
import { exportFormats } from '../profile/export/export-format.ts';
import { profileEventSchema, type ProfileEvent } from '../profile/profile.ts';
import { profileEvents } from '../profile/sampling.ts';
import { demandToken } from './access.ts';
import { artifactNames, type ArtifactName } from './artifact-names.ts';
import { sendGone, sendUnknownCapture } from './capture-gone.ts';
import { sendExported } from './exports.ts';
import { RequestProblem } from './problem.ts';
import type { Artifact } from '../artifacts/artifact.ts';

/** S3 answers in tens of milliseconds; a page must not hang on one that does not. */
const deadlineMs = 20_000;
/** What a stored recording or profile may unpack to for a browser that does not take gzip; bytes. */
const unpackedLimit = 512 * 1024 * 1024;

interface ArtifactParts {
  ledger: Ledger;
  store: ArtifactStore;
  exportProfile: ExportProfile;
  recordingsToken: (() => string) | null;
  publicUrl: string | null;
  /** A link straight to the store, for browsers that open an artifact; null: everything goes through flamepin. */
  signedLink: ((key: string) => Promise<{ url: string } | undefined>) | null;
}

export function artifactRoutes(parts: ArtifactParts): Router {
  const router = Router();
  for (const name of artifactNames) router.get(`/captures/:id/${name}`, serveArtifact(parts, name));
  return router;
}

/**
 * `GET /captures/{id}/{artifact}?event=`: streamed through flamepin, for a phone may not reach the store. Where signed
 * redirects are configured, a browser that opens a picture is sent to the store; scripts and tools never are.
 */
function serveArtifact(
  { ledger, store, exportProfile, recordingsToken, publicUrl, signedLink }: ArtifactParts,
  name: ArtifactName,
): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const { id } = request.params;
    const capture = await ledger.get(id);
    if (capture === undefined) {
      sendUnknownCapture(request, response);
      return;
    }
    // Recordings hold more than pictures do: thread names, the JVM's flags, whatever a masking missed.
    if (name === 'recording.jfr') demandToken(request, recordingsToken, 'recordingsTokenFile', publicUrl);
    const event = profileEventSchema.optional().safeParse(request.query['event']);
    const asked = request.query['format'];
    if (name === 'profile.json' && asked !== undefined) {
      const format = exportFormats.find((each) => each === asked);
      if (format === undefined || !event.success)
        throw new RequestProblem(
          400,
          'unknown-format',
          format === undefined ? 'There is no such format.' : 'There is no such event.',
          `format is one of ${exportFormats.join(', ')}, and event one of ${profileEvents.join(', ')}.`,
        );
      const wanted = { capture, event: event.data ?? capture.request.event, format };
      await sendExported(request, response, wanted, exportProfile);
      return;
    }
    // Of an event that nobody knows there is none, also where one artifact holds all events.
    const artifact = event.success ? findArtifact(capture, name, event.data) : undefined;
    if (artifact !== undefined && signedLink !== null && name !== 'recording.jfr') {
      response.vary('Accept, Sec-Fetch-Dest');
      const link = isNavigation(request) ? await linkTo(artifact.key, store, signedLink) : undefined;
      if (link !== undefined) {
        response.setHeader('Cache-Control', 'no-store');
        response.redirect(302, link);
        return;
      }
    }
    const object =
      artifact === undefined ? undefined : await store.get(artifact.key, AbortSignal.timeout(deadlineMs));
    if (object === undefined) {
      // One that was never made, such as the picture of an event without samples, has not expired.
      const made = artifact !== undefined || !capture.artifacts.some((other) => other.name === name);
      sendGone(request, response, capture, name, made && capture.state === 'done');
      return;
    }
    sendObject(response, name, id, object, request.acceptsEncodings('gzip') === 'gzip');
  };
}

/** Somebody opens it in a window of its own. Browsers before 2023 do not say so, but ask for HTML. */
function isNavigation(request: Request): boolean {
  const destination = request.headers['sec-fetch-dest'];
  if (destination !== undefined) return destination === 'document';
  return /\btext\/html\b/.test(request.headers.accept ?? '');
}

/** Undefined when the object is gone: the store would answer in XML where flamepin knows what it was. */
async function linkTo(
  key: string,
  store: ArtifactStore,
  signedLink: NonNullable<ArtifactParts['signedLink']>,
): Promise<string | undefined> {
  const [found] = await store.list(key, 1, AbortSignal.timeout(deadlineMs));
  return found?.key === key ? (await signedLink(key))?.url : undefined;
}

/** Without an event: the one that holds all, else that of the alert. */
function findArtifact(
  capture: Capture,
  name: Artifact['name'],
  event: ProfileEvent | undefined,
): Artifact | undefined {
  const named = capture.artifacts.filter((artifact) => artifact.name === name);
  const wanted = event ?? capture.request.event;
  return (
    named.find((artifact) => artifact.event === wanted) ??
    (event === undefined ? named[0] : named.find((a) => a.event === null))
  );
}

function sendObject(
  response: Response,
  name: Artifact['name'],
  id: string,
  object: StoredObject,
  acceptsGzip: boolean,
): void {
  response.setHeader('Content-Type', object.contentType);
  response.setHeader('Cache-Control', 'private, max-age=3600');
  response.vary('Accept-Encoding');
  if (name === 'flamegraph.html')
    // Its own meta element allows exactly its own script and style by hash; the sandbox keeps it from our origin.
    response.setHeader(
      'Content-Security-Policy',
      "sandbox allow-scripts allow-downloads; frame-ancestors 'none'",
    );
  if (name === 'flamegraph.svg')
    response.setHeader(
      'Content-Security-Policy',
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
  if (name === 'recording.jfr') response.setHeader('Content-Disposition', `attachment; filename="${id}.jfr"`);
  const gzipped = object.contentEncoding === 'gzip';
  if (gzipped && acceptsGzip) response.setHeader('Content-Encoding', 'gzip');
  response.send(
    gzipped && !acceptsGzip ? gunzipSync(object.body, { maxOutputLength: unpackedLimit }) : object.body,
  );
}
