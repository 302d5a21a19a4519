import { grafanaApi, type GrafanaAccess } from '../annotations/grafana-api.ts';
import { inspectPanel } from '../annotations/grafana.ts';
import type { PanelSeen } from '../annotations/grafana-panel.ts';
import type { Configuration } from '../config/load.ts';
import { Failure } from '../reasons/failure.ts';
import { grafanaRulesAccess } from '../serve/prometheus-access.ts';
import {
  grafanaRules,
  type GrafanaAccess as GrafanaRulesAccess,
} from '../targets/kubernetes/choice/grafana-rules.ts';
import { whatItDid } from '../targets/kubernetes/choice/prometheus.ts';
import { ask, deadlineMs } from './doctor-ask.ts';
import type { Check } from './doctor-check.ts';

/**
 * Grafana itself, permission to read marks, each dashboard and panel that the configuration maps, and where pods are
 * chosen, permission to read the rules that Grafana manages.
 */
export function grafanaChecks(configuration: Configuration): Check[] {
  const { grafana, secrets, targetKinds } = configuration;
  if (grafana === undefined) return [];
  const { url } = grafana;
  const access: GrafanaAccess = {
    url,
    token: () => Promise.resolve(secrets.grafanaToken?.read() ?? ''),
    requestTimeoutMs: deadlineMs,
  };
  const places = new Map(
    grafana.panels.map(({ dashboardUid, panelId }) => [
      `${dashboardUid} / ${panelId ?? 'whole dashboard'}`,
      { dashboardUid, panelId },
    ]),
  );
  return [
    { what: 'Grafana', look: () => lookAtGrafana(access) },
    ...[...places].map(([name, { dashboardUid, panelId }]) => ({
      what: `panel ${name}`,
      look: () =>
        panelId === undefined
          ? lookAtDashboard(access, dashboardUid)
          : lookAtPanel(access, dashboardUid, panelId),
    })),
    ...(targetKinds.includes('kubernetes')
      ? [{ what: 'Grafana rules', look: () => lookAtRules(grafanaRulesAccess(configuration)) }]
      : []),
  ];
}

async function lookAtGrafana(access: GrafanaAccess): Promise<string> {
  await ask(`${access.url}/api/health`, {});
  await grafanaApi(access).find({ tags: ['flamepin'] }, AbortSignal.timeout(deadlineMs));
  return 'answers; the token may read annotations';
}

/** Not a failure: the annotations, which Grafana is configured for, need none of it. */
async function lookAtRules(access: GrafanaRulesAccess | undefined): Promise<string> {
  if (access === undefined) return 'not read: there is no token';
  try {
    const rules = await grafanaRules(access, null, AbortSignal.timeout(deadlineMs));
    return `the token can read the ${rules.length} that Grafana manages`;
  } catch (error) {
    return `not readable: Grafana ${whatItDid(error)}. So the slow pod of a workload is chosen by CPU. To choose it by the rule's own query, grant alert.rules:read, and datasources:query on its data source`;
  }
}

async function lookAtDashboard(access: GrafanaAccess, dashboardUid: string): Promise<string> {
  const { mayMark } = await grafanaApi(access).dashboard(dashboardUid, AbortSignal.timeout(deadlineMs));
  demandPermission(mayMark);
  return 'found; marks appear on every panel that draws annotations';
}

async function lookAtPanel(access: GrafanaAccess, dashboardUid: string, panelId: number): Promise<string> {
  const { panel, visible, mayMark } = await inspectPanel(
    access,
    dashboardUid,
    panelId,
    AbortSignal.timeout(deadlineMs),
  );
  if (!visible)
    throw new Failure('grafana-rejected', {
      detail:
        'the dashboard does not show its own annotations: turn on "Annotations & Alerts" in its settings',
    });
  demandPermission(mayMark);
  return panelWords(panel);
}

function demandPermission(mayMark: boolean | null): void {
  if (mayMark === false)
    throw new Failure('grafana-denied', {
      detail: 'the token is not allowed to create, edit and delete annotations on this dashboard',
    });
}

function panelWords({ title, type, drawsMarks, repeated }: PanelSeen): string {
  const name = title === '' ? 'found' : `"${title}"`;
  if (!drawsMarks)
    return `${name} (type ${type}) draws no annotations: marks go on every panel of the dashboard that does`;
  return repeated ? `${name}, repeated: the mark appears on every copy` : `${name}, draws annotations`;
}
