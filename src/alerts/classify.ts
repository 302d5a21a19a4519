import type { Alert } from './alert.ts';

/** A service (worth a profile), Grafana's test button, or missing data. */
export type AlertKind = 'ordinary' | 'test' | 'no-data';

/**
 * Grafana's test button sends `alertname=TestAlert, instance=Grafana`; rules without data or with errors are renamed
 * DatasourceNoData and DatasourceError, or keep their name and set `grafana_state_reason`.
 */
export function classifyAlert({ labels, annotations }: Pick<Alert, 'labels' | 'annotations'>): AlertKind {
  const name = labels['alertname'];
  if (name === 'TestAlert' && labels['instance'] === 'Grafana') return 'test';
  if (name === 'DatasourceNoData' || name === 'DatasourceError') return 'no-data';
  return /^(?:NoData|Error)\b/.test(annotations['grafana_state_reason'] ?? '') ? 'no-data' : 'ordinary';
}
