import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alertWith, parseAlertList } from '../../../src/alerts/alert-list.ts';
import { wantedFrom } from '../../../src/alerts/labels.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { findPanel } from '../../../src/routing/panel.ts';

/** As Alertmanager 0.28 answers `GET /api/v2/alerts`. */
const listed = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  annotations: { summary: 'p99 is 4 s' },
  endsAt: '2026-11-30T02:18:00.000Z',
  fingerprint: '125d2b1884ab0586',
  receivers: [{ name: 'flamepin' }],
  startsAt: '2026-11-30T02:14:00.000Z',
  status: { inhibitedBy: [], silencedBy: [], mutedBy: [], state: 'active' },
  updatedAt: '2026-11-30T02:14:00.100Z',
  generatorURL: 'http://prometheus:9090/graph?g0.expr=up',
  labels: { alertname: 'HighLatency', namespace: 'shop', pod: 'checkout-1' },
  ...change,
});

/** As Grafana 11 lists an alert of its own rules: with labels and annotations that it keeps to itself. */
const ofGrafana = listed({
  annotations: { __dashboardUid__: 'shop', __panelId__: '2', __orgId__: '1', summary: 'slow' },
  startsAt: '2026-11-30T04:14:00.000+02:00',
  generatorURL: 'https://grafana.example.com/alerting/grafana/abc/view?orgId=1',
  labels: {
    __alert_rule_uid__: 'abc',
    __alert_rule_namespace_uid__: 'def',
    alertname: 'HighLatency',
    grafana_folder: 'Shop',
    pod: 'checkout-1',
  },
});

describe('the alerts that Alertmanager lists', () => {
  it('are read as the notification would have them, though their end is in the future', () => {
    const { alerts, warnings } = parseAlertList([listed()]);
    assert.deepEqual(alerts, [
      {
        source: 'explain',
        sender: 'alertmanager',
        fingerprint: '125d2b1884ab0586',
        status: 'firing',
        startsAt: '2026-11-30T02:14:00.000Z',
        endsAt: null,
        labels: { alertname: 'HighLatency', namespace: 'shop', pod: 'checkout-1' },
        annotations: { summary: 'p99 is 4 s' },
        generatorUrl: 'http://prometheus:9090/graph?g0.expr=up',
        panelUrl: '',
        dashboardUrl: '',
      },
    ]);
    assert.deepEqual(warnings, []);
  });

  it('of Grafana are without its private labels, keep their panel, and are Grafana’s', () => {
    const [alert] = parseAlertList([ofGrafana]).alerts;
    assert.ok(alert);
    assert.deepEqual(Object.keys(alert.labels), ['alertname', 'grafana_folder', 'pod']);
    assert.equal(alert.sender, 'grafana');
    assert.equal(alert.startsAt, '2026-11-30T02:14:00.000Z');
    assert.equal(findPanel(alert, [])?.panelId, 2);
  });

  it('that are silenced are explained, with a note that nobody is notified', () => {
    const { alerts, warnings } = parseAlertList([
      listed({ status: { state: 'suppressed', silencedBy: ['a'], inhibitedBy: [] } }),
    ]);
    assert.equal(alerts.length, 1);
    assert.deepEqual(warnings, ['alerts[0] is silenced or inhibited: no notification of it is sent.']);
  });

  it('that are not alerts are left out with a sentence; if none is left, there is nothing to explain', () => {
    const spoiled = [
      null,
      'x',
      {},
      listed({ labels: null }),
      listed({ startsAt: 'now' }),
      listed({ startsAt: undefined }),
    ];
    const { alerts, warnings } = parseAlertList([
      ...spoiled,
      listed({ status: 'active', fingerprint: null }),
    ]);
    assert.equal(alerts.length, 1);
    assert.equal(warnings.length, spoiled.length);
    assert.throws(
      () => parseAlertList(spoiled),
      (error) => error instanceof Failure && error.code === 'alerts-unreadable',
    );
    assert.throws(
      () => parseAlertList(Array.from({ length: 20_001 }, () => listed())),
      (error) => error instanceof Failure && error.code === 'notification-too-large',
    );
    assert.deepEqual(parseAlertList([]), { alerts: [], warnings: [] });
  });
});

describe('an alert of plain labels', () => {
  it('leads where its labels lead', () => {
    const alert = alertWith({ namespace: 'shop', deployment: 'checkout' }, '2026-11-30T02:14:00.000Z');
    assert.deepEqual(wantedFrom(alert.labels).workload, { kind: 'Deployment', name: 'checkout' });
    assert.match(alert.fingerprint, /^[0-9a-f]{16}$/);
  });
});
