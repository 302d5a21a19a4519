import type { Capture } from '../captures/capture.ts';
import { fillLink, type LinkTemplate } from '../config/link-template.ts';
import { wantedFrom } from '../alerts/labels.ts';
import type { LabelMapping } from '../alerts/label-mapping.ts';
import type { Link } from '../profile/link.ts';

/** A capture without a window of its own links to this much before and after the alert; milliseconds. */
const aroundAlertMs = 5 * 60_000;

/** Of the configuration. */
interface LinkSettings {
  links: readonly LinkTemplate[];
  labels: LabelMapping;
}

/** Links to the same window in the configured continuous profilers, even where flamepin's own capture was refused. */
export function profilerLinks(capture: Capture, { links, labels }: LinkSettings): Link[] {
  if (links.length === 0) return [];
  const { timeline, request, alert, target } = capture;
  const wanted = wantedFrom(alert.labels, labels, request.target.fixed);
  const began =
    timeline.startedAt === null ? Date.parse(alert.startsAt) - aroundAlertMs : Date.parse(timeline.startedAt);
  const length = timeline.startedAt === null ? 2 * aroundAlertMs : request.durationSeconds * 1000;
  const [namespace, pod, container] =
    target?.kind === 'kubernetes' ? target.uri.slice('kubernetes://'.length).split('/') : [];
  const values = {
    namespace: namespace ?? wanted.namespace ?? '',
    pod: pod ?? wanted.pod ?? '',
    container: container ?? wanted.container ?? '',
    // Just the name, as profilers name services.
    workload: target?.workload.split('/').at(-1) ?? wanted.workload?.name ?? '',
    fromSeconds: String(Math.floor(began / 1000)),
    toSeconds: String(Math.ceil((began + length) / 1000)),
    fromMilliseconds: String(began),
    toMilliseconds: String(began + length),
  };
  return links.map((template) => ({ text: template.name, url: fillLink(template, values) }));
}
