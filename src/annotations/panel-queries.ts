import { asFailure } from '../reasons/failure.ts';
import { grafanaApi, type GrafanaAccess, type GrafanaApi } from './grafana-api.ts';
import { queriesOf, type QuerySeen } from './grafana-panel.ts';

/** Dashboards that are read; a Grafana may hold thousands, and each is a request. */
const mostDashboards = 50;
/** Requests at once: a look around is nothing that Grafana should feel. */
const atOnce = 5;

type PlacedQuery = QuerySeen & { dashboardUid: string };

/**
 * The Prometheus queries of the panels that the token may read, of at most 50 dashboards. Reads only. Rejects with
 * grafana-denied, grafana-unavailable, grafana-rejected; a dashboard that goes meanwhile is left out.
 */
export async function panelQueries(access: GrafanaAccess, signal: AbortSignal): Promise<PlacedQuery[]> {
  const api = grafanaApi(access);
  const uids = await api.dashboards(mostDashboards, signal);
  const found: PlacedQuery[] = [];
  for (let at = 0; at < uids.length; at += atOnce) {
    const read = uids.slice(at, at + atOnce).map((uid) => queriesOn(api, uid, signal));
    found.push(...(await Promise.all(read)).flat());
  }
  return found;
}

async function queriesOn(api: GrafanaApi, dashboardUid: string, signal: AbortSignal): Promise<PlacedQuery[]> {
  try {
    const { dashboard } = await api.dashboard(dashboardUid, signal);
    return queriesOf(dashboard).map((query) => ({ ...query, dashboardUid }));
  } catch (error) {
    if (asFailure(error).code === 'panel-not-found') return [];
    throw error;
  }
}
