import { describeReason, type Reason } from '../reasons/failure.ts';
import type { Capture } from '../captures/capture.ts';

/** A reason as pages, `explain` and JSON show it: code and the same words everywhere. */
export function reasonJson(
  reason: Reason | null,
): null | { code: string; detail: string; sentence: string; mend: string } {
  return reason === null ? null : { ...reason, ...describeReason(reason) };
}

/** What outside readers get of a capture; paths inside the target and the process' command line are not among it. */
export function captureJson(capture: Capture): object {
  const { target, session } = capture;
  return {
    id: capture.id,
    state: capture.state,
    reason: reasonJson(capture.reason),
    alert: {
      source: capture.alert.source,
      fingerprint: capture.alert.fingerprint,
      startsAt: capture.alert.startsAt,
      resolvedAt: capture.alertResolvedAt,
      labels: capture.alert.labels,
    },
    target:
      target === null
        ? null
        : {
            uri: target.uri,
            name: target.name,
            workload: target.workload,
            node: target.node,
            image: target.image,
            choice: target.choice,
          },
    event: capture.request.event,
    purpose: capture.request.purpose,
    startedAt: capture.timeline.startedAt,
    durationSeconds: capture.request.durationSeconds,
    headline: capture.answer?.headline ?? null,
    answer: capture.answer,
    partial: capture.partial,
    storeRetry: capture.storeRetry,
    harm: capture.harm,
    sibling: capture.sibling,
    siblingOf: capture.siblingOf,
    checks: session?.checks ?? null,
    artifacts: capture.artifacts.map(({ name, event, size, contentType }) => ({
      name,
      event,
      size,
      contentType,
      path: artifactPath(capture.id, name, event),
    })),
    annotation: {
      state: capture.annotation.state,
      reason: reasonJson(capture.annotation.reason),
      panel: capture.panel,
    },
    timeline: capture.timeline,
  };
}

/** Labels of an alert in a list, and characters of each name and value: all of them stand on the capture itself. */
const listedLabels = 50;
const listedText = 200;

/** An entry of the list: what somebody else wrote into an alert is cut, so that fifty entries stay a small answer. */
export function listedCaptureJson(capture: Capture): object {
  const labels = Object.entries(capture.alert.labels)
    .slice(0, listedLabels)
    .map(([name, value]) => [clip(name), clip(value)]);
  return captureJson({
    ...capture,
    alert: { ...capture.alert, labels: Object.fromEntries(labels) as Record<string, string> },
  });
}

const clip = (text: string): string =>
  text.length <= listedText ? text : `${text.slice(0, listedText - 1)}…`.toWellFormed();

/** `/captures/c-…/flamegraph.svg?event=wall` */
export function artifactPath(id: string, name: string, event: string | null): string {
  return `/captures/${id}/${name}${event === null ? '' : `?event=${event}`}`;
}
