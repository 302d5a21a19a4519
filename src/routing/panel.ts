import { allMatch, compileMatchers, type Matcher } from './matchers.ts';
import type { Alert } from '../alerts/alert.ts';
import { alertExpression } from '../alerts/expression.ts';
import type { Panel } from '../alerts/panel.ts';

/** An entry of `grafana.panels`. */
export interface PanelRule {
  matchers: readonly Matcher[];
  dashboardUid: string;
  panelId?: number | undefined;
}

/**
 * The panel of an alert, or null when nothing names one. In order: Grafana's private annotations; Grafana's own
 * links; annotations and labels in common use; the operator's map; defaults for well-known rules. Whether the
 * panel exists is for the annotator to check.
 */
export function findPanel(alert: Alert, rules: readonly PanelRule[]): Panel | null {
  return (
    fromIds(alert, '__dashboardUid__', '__panelId__') ??
    fromUrl(alert.panelUrl, "Grafana's panelURL") ??
    fromUrl(alert.dashboardUrl, "Grafana's dashboardURL") ??
    fromIds(alert, 'grafana_dashboard_id', 'grafana_panel_id') ??
    fromUrlAnnotations(alert) ??
    fromRules(alert, rules) ??
    fromDefaults(alert)
  );
}

/** The default UIDs of kubernetes-mixin's dashboards are md5 of the file name. */
const defaults = [
  {
    // "Kubernetes / Compute Resources / Pod", panel "CPU Throttling".
    matchers: compileMatchers('alertname="CPUThrottlingHigh"'),
    dashboardUid: '6581e46e4e5c7ba40a07646395ef7b23',
    panelId: 2,
  },
];

/** Names in use for a link to a panel or dashboard: cert-manager, Grafana and jsonnet libraries. */
const urlNames = [
  'panelURL',
  'panel_url',
  'dashboardURL',
  'dashboard_url',
  'grafana_dashboard_link',
  'dashboard',
];

function fromIds(alert: Alert, uidName: string, panelName: string): Panel | null {
  for (const [where, texts] of [
    ['annotation', alert.annotations],
    ['label', alert.labels],
  ] as const) {
    const uid = readUid(own(texts, uidName));
    if (uid === null) continue;
    const panelId = readPanelId(own(texts, panelName));
    return { dashboardUid: uid, panelId, foundBy: `${where} ${uidName}` };
  }
  return null;
}

function fromUrlAnnotations(alert: Alert): Panel | null {
  for (const name of urlNames) {
    const panel =
      fromUrl(own(alert.annotations, name), `annotation ${name}`) ??
      fromUrl(own(alert.labels, name), `label ${name}`);
    if (panel !== null) return panel;
  }
  return null;
}

function fromRules(alert: Alert, rules: readonly PanelRule[]): Panel | null {
  const index = rules.findIndex((rule) => allMatch(rule.matchers, alert.labels));
  const rule = rules[index];
  if (rule === undefined) return null;
  return {
    dashboardUid: rule.dashboardUid,
    panelId: rule.panelId ?? null,
    foundBy: `grafana.panels[${index}]`,
  };
}

function fromDefaults(alert: Alert): Panel | null {
  const found = defaults.find((rule) => allMatch(rule.matchers, alert.labels));
  return found === undefined
    ? null
    : {
        dashboardUid: found.dashboardUid,
        panelId: found.panelId,
        foundBy: 'the dashboards of kube-prometheus',
      };
}

/**
 * `<anything>/d/<uid>/…?viewPanel=<id>`. Only path and query are read: the host is Grafana's root_url, which is
 * often wrong, and nothing is ever fetched from it.
 */
export function fromUrl(text: string, foundBy: string): Panel | null {
  if (text === '' || !URL.canParse(text, 'http://grafana.invalid')) return null;
  const url = new URL(text, 'http://grafana.invalid');
  const [, encoded] = /\/d(?:-solo)?\/([^/]+)/.exec(url.pathname) ?? [];
  const uid = readUid(encoded ?? '');
  if (uid === null) return null;
  const parameters = url.searchParams;
  const panelId = readPanelId(
    parameters.get('viewPanel') ?? parameters.get('panelId') ?? parameters.get('editPanel') ?? '',
  );
  return { dashboardUid: uid, panelId, foundBy };
}

/** A UID, alone or as `uid/slug`. Grafana allows letters, digits, `-` and `_`, at most 40. */
function readUid(text: string): string | null {
  return /^([A-Za-z0-9_-]{1,40})(?:\/.*)?$/.exec(text)?.[1] ?? null;
}

/** `7`, `panel-7` (Grafana with scenes), `panel-7-clone-2` (a repeated panel). */
function readPanelId(text: string): number | null {
  const id = Number(/^(?:panel-)?(\d{1,9})(?:-clone-\d+)?$/.exec(text.trim())?.[1] ?? 0);
  return id > 0 ? id : null;
}

function own(texts: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(texts, name) ? (texts[name] ?? '') : '';
}

/** A panel's query, as a dashboard's JSON holds it. */
export interface PanelQuery {
  dashboardUid: string;
  panelId: number;
  title: string;
  expression: string;
}

/**
 * Panels whose query is the alert's expression without its threshold: suggestions for `grafana.panels`, never applied
 * automatically, as the same query may be on many dashboards. At most five.
 */
export function suggestPanels(generatorUrl: string, queries: readonly PanelQuery[]): PanelQuery[] {
  const expression = alertExpression(generatorUrl);
  if (expression === null) return [];
  const wanted = normalise(expression);
  return wanted === '' ? [] : queries.filter((query) => normalise(query.expression) === wanted).slice(0, 5);
}

function normalise(expression: string): string {
  return expression
    .replace(/\s*(?:[<>]=?|[!=]=)(?:\s*bool)?\s*[-+.\deE]+\s*$/, '')
    .replace(/\s+/g, '')
    .replace(/,\)/g, ')');
}
