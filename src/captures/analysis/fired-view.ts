import type { ViewFired } from '../../flamegraph/view.ts';
import { alertExpression } from '../../alerts/expression.ts';
import type { Link } from '../../profile/link.ts';
import type { Capture } from '../capture.ts';

/** What a panel shows before and after the window, milliseconds: enough to see the metric turn. */
const aroundWindowMs = 30 * 60_000;

/**
 * What fired, from the alert itself; null where no alert asked for the capture.
 * @param panelUrl the panel of the capture in the configured Grafana; null: the one that the alert names, if any
 */
export function firedView(capture: Capture, panelUrl: string | null): ViewFired | null {
  if (capture.request.purpose !== 'alert') return null;
  const { annotations, startsAt, generatorUrl } = capture.alert;
  const summary = annotations['summary'] ?? annotations['message'] ?? annotations['title'] ?? '';
  const description = annotations['description'] ?? '';
  return {
    summary: summary === '' ? description : summary,
    description: summary === '' || description === summary ? '' : description,
    since: timeOf(startsAt),
    until: timeOf(capture.alertResolvedAt),
    condition: alertExpression(generatorUrl) ?? '',
    links: links(capture, panelUrl),
  };
}

function links(capture: Capture, panelUrl: string | null): Link[] {
  const { annotations, panelUrl: ofAlert, dashboardUrl, generatorUrl } = capture.alert;
  const panel = panelUrl ?? ofAlert;
  const all: Link[] = [
    { text: 'Runbook', url: annotations['runbook_url'] ?? annotations['runbook'] ?? '' },
    panel === ''
      ? { text: 'Dashboard then', url: atThatTime(dashboardUrl, capture) }
      : { text: 'Panel then', url: atThatTime(panel, capture) },
    // Prometheus' link opens the query; Grafana's opens its rule.
    { text: alertExpression(generatorUrl) === null ? 'Rule' : 'Explore', url: generatorUrl },
  ];
  return all.filter(({ url }) => url !== '');
}

/** A dashboard's address with its range around the window; an address that cannot be read stays as it is. */
function atThatTime(url: string, { timeline, alert, request }: Capture): string {
  const start = timeOf(timeline.startedAt) ?? timeOf(alert.startsAt);
  if (start === null || !URL.canParse(url)) return url;
  const address = new URL(url);
  address.searchParams.set('from', String(start - aroundWindowMs));
  address.searchParams.set('to', String(start + request.durationSeconds * 1000 + aroundWindowMs));
  return address.href;
}

function timeOf(iso: string | null): number | null {
  const time = Date.parse(iso ?? '');
  return Number.isNaN(time) ? null : time;
}
