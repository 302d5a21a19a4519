import type { Alert } from '../../src/alerts/alert.ts';
import type { AlertDecision } from '../../src/captures/ledger.ts';

/** An alert of the shop that fires, ordinary unless told otherwise. */
export function firing(fingerprint: string, change: Partial<Alert> = {}): Alert {
  return {
    source: 'alertmanager',
    sender: 'alertmanager',
    fingerprint,
    status: 'firing',
    startsAt: '2026-11-23T11:55:00Z',
    endsAt: null,
    labels: { alertname: 'HighLatency', namespace: 'shop', pod: `checkout-${fingerprint}` },
    annotations: { summary: 'p99 is 4 s' },
    generatorUrl: 'http://prometheus/graph?g0.expr=x',
    panelUrl: '',
    dashboardUrl: '',
    ...change,
  };
}

export function resolved(fingerprint: string, change: Partial<Alert> = {}): AlertDecision {
  const alert = firing(fingerprint, { status: 'resolved', endsAt: '2026-11-23T12:00:00Z', ...change });
  return { alert, outcome: 'resolved' };
}
