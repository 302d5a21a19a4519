import type { Request, Response } from 'express';
import { startOf } from '../captures/baselines/base-label.ts';
import { baselineFlaw } from '../captures/baselines/baseline-health.ts';
import type { Capture } from '../captures/capture.ts';
import type { CompareCaptures } from '../captures/analysis/compare-captures.ts';
import { asFailure, describeReason } from '../reasons/failure.ts';
import type { ReasonCode } from '../reasons/reasons.ts';
import type { Link } from '../profile/link.ts';
import { sendProblemPage } from './problem.ts';

/** What a reader can fix or wait for; anything else is our own fault and goes to the last handler. */
const statusOf: Partial<Record<ReasonCode, number>> = {
  'comparison-with-itself': 400,
  'comparison-unlike': 400,
  'comparison-without-profile': 404,
  'comparison-busy': 503,
  'analysis-timeout': 503,
};
const busyForSeconds = 5;

/**
 * `GET /captures/{id}?against={id}`: the capture as it reads against that one; undefined when it has
 * already been refused.
 */
export async function comparedCapture(
  request: Request,
  response: Response,
  captures: { capture: Capture; base: Capture | undefined },
  compare: CompareCaptures,
): Promise<Capture | undefined> {
  const { capture, base } = captures;
  if (base === undefined) {
    refuse(request, response, capture, 404, {
      code: 'capture-unknown',
      message: 'The capture to compare with does not exist.',
      remedy: 'It may have passed its retention, or the link was cut off.',
    });
    return undefined;
  }
  try {
    return await compare(capture, base);
  } catch (error) {
    const { code, reason } = asFailure(error);
    const status = statusOf[code];
    if (status === undefined) throw error;
    const { sentence, detail, remedy } = describeReason(reason);
    const message = detail === '' ? sentence : `${sentence.slice(0, -1)}: ${detail}.`;
    refuse(request, response, capture, status, { code, message, remedy });
    return undefined;
  }
}

function refuse(
  request: Request,
  response: Response,
  { id }: Capture,
  status: number,
  problem: { code: string; message: string; remedy: string },
): void {
  if (status === 503) response.setHeader('Retry-After', busyForSeconds);
  const next = { text: 'The capture without a comparison', url: `/captures/${id}` };
  sendProblemPage(request, response, { status, ...problem }, { title: 'No comparison', next });
}

/** From a capture to its comparison with the one before it. */
export function earlierLink({ id }: Capture, before: Capture | undefined): Link[] {
  if (before === undefined) return [];
  const time = new Date(startOf(before)).toISOString().slice(0, 16).replace('T', ' ');
  return [
    { text: `Compare with the previous capture (${time})`, url: `/captures/${id}?against=${before.id}` },
  ];
}

/**
 * From a capture to its comparison with its sibling, with any flaw it has as a baseline, or to the sibling while there is
 * nothing to compare; from a sibling to the capture that it was taken for.
 */
export function siblingLinks({ id, answer, siblingOf }: Capture, sibling: Capture | undefined): Link[] {
  if (siblingOf !== null)
    return [{ text: `The capture of ${siblingOf.name}`, url: `/captures/${siblingOf.captureId}` }];
  // The comparison that is shown leads to it.
  if (sibling === undefined || answer?.comparedWith?.captureId === sibling.id) return [];
  const name = sibling.target?.name ?? '';
  const comparable =
    answer !== null && sibling.artifacts.some((artifact) => artifact.name === 'profile.json');
  const flaw = baselineFlaw(sibling);
  return comparable
    ? [
        {
          text: `Compare with sibling ${name}, same window${flaw === null ? '' : ` (${flaw})`}`,
          url: `/captures/${id}?against=${sibling.id}`,
        },
      ]
    : [{ text: `Sibling ${name} (${sibling.state})`, url: `/captures/${sibling.id}` }];
}

/** From a comparison back to the capture. */
export function aloneLink({ id }: Capture): Link[] {
  return [{ text: 'This capture without the comparison', url: `/captures/${id}` }];
}
