import { createHash } from 'node:crypto';
import type { Capture } from '../captures/capture.ts';

/**
 * The shortest region that can be hovered, milliseconds. Grafana draws a region as a bar exactly as wide as its
 * time (AnnotationsPlugin2; grafana#97610, open since 11.4): 30 s are 2 px at 6 h and nothing at 24 h, on a panel
 * of 1,000 px. A point is a triangle of 10 px at every range; 15 minutes are as wide as that at 24 h.
 */
const shortestRegionMs = 15 * 60_000;

const at = (iso: string | null): number | undefined => (iso === null ? undefined : Date.parse(iso));

/** Where the mark goes while the capture runs, or when there is no profile: a point, epoch milliseconds. */
export function pointOf(capture: Capture): number {
  const { startedAt, receivedAt } = capture.timeline;
  return at(startedAt) ?? at(receivedAt) ?? Date.parse(capture.alert.startsAt);
}

/**
 * The final mark of a finished capture, epoch milliseconds. From the alert's start, or the window's when that was
 * earlier, to the window's end, or until the alert has resolved. Alerts that have been firing for long start at
 * most a quarter of an hour before the window, so that their captures do not cover one another. What is then too
 * short to be hovered grows into the past: the spike began before the alert did (Prometheus' startsAt comes after
 * `for`), and a region that grew into the future would be cut off by the edge of a panel that ends now.
 */
export function regionOf(capture: Capture): { time: number; timeEnd: number } {
  const { startedAt, windowEndedAt } = capture.timeline;
  const start = at(startedAt) ?? pointOf(capture);
  const windowEnd = at(windowEndedAt) ?? start + capture.request.durationSeconds * 1000;
  const episodeStart = Math.max(Date.parse(capture.alert.startsAt), start - shortestRegionMs);
  const timeEnd = Math.max(windowEnd, at(capture.alertResolvedAt) ?? windowEnd);
  return { time: Math.min(start, episodeStart, timeEnd - shortestRegionMs), timeEnd };
}

/** The tag by which a mark is found again. */
export const captureTag = (captureId: string): string => `flamepin:${captureId}`;

/** Carried while the capture runs; a mark without it has its final text. */
export const runningTag = 'flamepin-running';

/**
 * Grafana splits tags at the first colon into two columns of 100 characters; one that is too long is answered
 * with 500 after the mark was made, and all together may have 500 (`tags_length`).
 */
export function tagsOf(capture: Capture): string[] {
  const tags = ['flamepin', captureTag(capture.id)];
  const alertname = capture.alert.labels['alertname'];
  if (alertname !== undefined && alertname !== '') tags.push(shortTag(`alert:${alertname}`));
  if (capture.target !== null) tags.push(shortTag(`workload:${capture.target.workload}`));
  return tags;
}

/** Up to 100 characters; a longer tag keeps its beginning and ends in a digest, so that it stays its own. */
function shortTag(tag: string): string {
  const plain = tag
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  if (plain.length <= 100) return plain;
  const digest = createHash('sha256').update(tag).digest('hex').slice(0, 12);
  return `${plain.slice(0, 87).toWellFormed()}-${digest}`;
}
