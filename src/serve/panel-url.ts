import type { Capture } from '../captures/capture.ts';

/** The panel that the capture is marked on, in the configured Grafana; null without either. */
export function panelUrl({ panel }: Capture, grafanaUrl: string | undefined): string | null {
  if (panel === null || grafanaUrl === undefined) return null;
  const view = panel.panelId === null ? '' : `?viewPanel=${panel.panelId}`;
  return `${grafanaUrl.replace(/\/+$/, '')}/d/${encodeURIComponent(panel.dashboardUid)}${view}`;
}
