import { gunzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import type { ExportProfile } from '../captures/analysis/export-profile.ts';
import type { Capture } from '../captures/capture.ts';
import type { ExportFormat } from '../profile/export/export-format.ts';
import type { ProfileEvent } from '../profile/profile.ts';
import { asFailure, describeReason } from '../reasons/failure.ts';
import type { ReasonCode } from '../reasons/reasons.ts';
import { sendGone } from './capture-gone.ts';
import { sendProblem } from './problem.ts';

/** What the one who asks can change or wait for; anything else is our own fault. */
const statusOf: Partial<Record<ReasonCode, number>> = {
  'event-not-recorded': 404,
  'recording-damaged': 404,
  'export-busy': 503,
  'analysis-timeout': 503,
};
const busyForSeconds = 5;
/** For a client that does not take gzip; bytes. */
const unpackedLimit = 512 * 1024 * 1024;

/** `GET /captures/{id}/profile.json?format=&event=`: one event of the profile, in the form of another tool. */
export async function sendExported(
  request: Request,
  response: Response,
  { capture, event, format }: { capture: Capture; event: ProfileEvent; format: ExportFormat },
  exportProfile: ExportProfile,
): Promise<void> {
  try {
    const body = await exportProfile(capture, event, format);
    if (body === undefined) {
      sendGone(request, response, capture, 'profile.json', capture.state === 'done');
      return;
    }
    response.setHeader('Cache-Control', 'private, max-age=3600');
    response.setHeader('Content-Type', format === 'pprof' ? 'application/octet-stream' : 'application/json');
    if (format === 'pprof')
      response.setHeader('Content-Disposition', `attachment; filename="${capture.id}.${event}.pb.gz"`);
    response.vary('Accept-Encoding');
    // pprof's files are gzipped themselves.
    const unpack = format !== 'pprof' && request.acceptsEncodings('gzip') !== 'gzip';
    if (format !== 'pprof' && !unpack) response.setHeader('Content-Encoding', 'gzip');
    response.send(unpack ? gunzipSync(body, { maxOutputLength: unpackedLimit }) : Buffer.from(body));
  } catch (error) {
    const { code, reason } = asFailure(error);
    const status = statusOf[code];
    if (status === undefined) throw error;
    if (status === 503) response.setHeader('Retry-After', busyForSeconds);
    const { sentence, detail, remedy } = describeReason(reason);
    const message = detail === '' ? sentence : `${sentence.slice(0, -1)}: ${detail}.`;
    sendProblem(request, response, { status, code, message, remedy });
  }
}
