import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { classifyAlert } from '../../../src/alerts/classify.ts';
import { parseNotification } from '../../../src/alerts/notification.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { alertSchema } from '../../../src/alerts/alert.ts';

type Body = Record<string, unknown> & { alerts: Record<string, unknown>[] };

function fixture(name: string): Body {
  return JSON.parse(
    readFileSync(new URL(`../../fixtures/notifications/${name}.json`, import.meta.url), 'utf8'),
  ) as Body;
}

const alertmanager = { source: 'alertmanager', sender: 'alertmanager' } as const;
const grafana = { source: 'grafana', sender: 'grafana' } as const;

function withLabels(labels: unknown): Body {
  const body = fixture('alertmanager-truncated');
  Object.assign(body.alerts[0] ?? {}, { labels });
  return body;
}

describe('a notification of Alertmanager', () => {
  it('gives every alert of the group, firing and resolved, with its identity', () => {
    const { alerts, warnings } = parseNotification(fixture('alertmanager-0.25'), alertmanager);
    assert.deepEqual(
      alerts.map(({ source, fingerprint, status, startsAt, endsAt }) => [
        source,
        fingerprint,
        status,
        startsAt,
        endsAt,
      ]),
      [
        ['alertmanager', '3f1f0a9d2c7b4e65', 'firing', '2026-11-23T01:14:07.312Z', null],
        [
          'alertmanager',
          '81c2d4e6f7a90b13',
          'resolved',
          '2026-11-23T00:58:07.312Z',
          '2026-11-23T01:13:07.312Z',
        ],
      ],
    );
    assert.deepEqual(warnings, []);
  });

  it('may carry keys of a newer version, and times in another zone and finer than a millisecond', () => {
    const [alert] = parseNotification(fixture('alertmanager-0.34'), alertmanager).alerts;
    assert.equal(alert?.startsAt, '2026-11-23T01:14:07.312Z');
  });

  it('that was truncated says how many alerts are missing, and what to change', () => {
    const { truncatedAlerts, warnings } = parseNotification(fixture('alertmanager-truncated'), alertmanager);
    assert.equal(truncatedAlerts, 2);
    assert.match(warnings.join(), /2 alerts were left out.*max_alerts: 0/);
  });

  it('may arrive on Grafana’s path, as from Mimir', () => {
    const { sender } = parseNotification(fixture('alertmanager-0.25'), grafana);
    assert.equal(sender, 'grafana');
  });

  it('keeps the private annotations that Grafana sends through an external Alertmanager', () => {
    const [alert] = parseNotification(fixture('grafana-by-external-alertmanager'), alertmanager).alerts;
    assert.equal(alert?.annotations['__dashboardUid__'], 'shop-overview');
  });
});

describe('a notification of Grafana', () => {
  it('brings the links to the panel', () => {
    const [alert] = parseNotification(fixture('grafana-13'), grafana).alerts;
    assert.match(alert?.panelUrl ?? '', /viewPanel=7$/);
    assert.equal(alert?.sender, 'grafana');
  });

  it('is recognised by its version on Alertmanager’s path too', () => {
    assert.equal(parseNotification(fixture('grafana-13'), alertmanager).sender, 'grafana');
  });

  for (const [name, kind] of [
    ['grafana-13', 'ordinary'],
    ['grafana-resolved', 'ordinary'],
    ['grafana-test', 'test'],
    ['grafana-nodata', 'no-data'],
    ['grafana-error', 'no-data'],
  ] as const)
    it(`${name} is ${kind}`, () => {
      const [alert] = parseNotification(fixture(name), grafana).alerts;
      assert.ok(alert);
      assert.equal(classifyAlert(alert), kind);
    });

  it('that keeps its name but fires for missing data counts as no-data', () => {
    assert.equal(
      classifyAlert({ labels: {}, annotations: { grafana_state_reason: 'NoData, KeepLast' } }),
      'no-data',
    );
  });
});

describe('what is not a notification', () => {
  const refused = (body: unknown) => {
    try {
      parseNotification(body, alertmanager);
    } catch (error) {
      assert.ok(error instanceof Failure);
      return error.code;
    }
    return 'accepted';
  };

  it('is refused with a reason, whatever it is', () => {
    for (const body of [null, 7, 'text', [], {}, { version: '4' }, { version: '4', alerts: {} }])
      assert.equal(refused(body), 'notification-malformed');
    assert.equal(refused({ ...fixture('alertmanager-0.25'), version: '3' }), 'notification-version');
    assert.equal(refused({ ...fixture('alertmanager-0.25'), version: 4 }), 'notification-malformed');
    assert.equal(refused({ version: '4', alerts: [7, {}] }), 'notification-malformed');
  });

  it('may hold no alerts', () => {
    assert.deepEqual(parseNotification({ version: '4', alerts: [] }, alertmanager).alerts, []);
  });

  it('never fails in another way, nor yields an alert that the ledger would refuse', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant('firing'));
    const entry = fc.record(
      {
        status: fc.constantFrom('firing', 'resolved', 'odd', 7),
        labels: fc.oneof(fc.dictionary(fc.string(), scalar), scalar),
        annotations: fc.oneof(fc.dictionary(fc.string(), scalar), scalar),
        startsAt: fc.oneof(fc.constant('2026-11-23T01:14:07Z'), scalar),
        endsAt: scalar,
        fingerprint: scalar,
        panelURL: scalar,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom('4', '1', '5'), fc.array(fc.oneof(entry, scalar)), (version, alerts) => {
        try {
          for (const alert of parseNotification({ version, alerts }, alertmanager).alerts)
            assert.deepEqual(alertSchema.parse(alert), alert);
        } catch (error) {
          assert.ok(error instanceof Failure, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('one odd entry', () => {
  it('is named, and the others are still handled', () => {
    const body = fixture('alertmanager-0.25');
    body.alerts.unshift({ status: 'firing', labels: 'none', startsAt: '2026-11-23T01:14:07Z' });
    const { alerts, warnings } = parseNotification(body, alertmanager);
    assert.equal(alerts.length, 2);
    assert.match(warnings.join(), /alerts\[0\]/);
  });

  it('without a fingerprint gets one that does not depend on label order', () => {
    const read = (labels: Record<string, string>) => {
      const body = withLabels(labels);
      delete body.alerts[0]?.['fingerprint'];
      return parseNotification(body, alertmanager).alerts[0]?.fingerprint;
    };
    assert.match(read({ a: '1', b: '2' }) ?? '', /^[0-9a-f]{16}$/);
    assert.equal(read({ a: '1', b: '2' }), read({ b: '2', a: '1' }));
    assert.notEqual(read({ a: '1', b: '2' }), read({ a: '12', b: '' }));
  });
});

describe('hostile label values', () => {
  it('with quotes, newlines, HTML and shell text pass unchanged', () => {
    const hostile = {
      alertname: 'a"b\'c\\d\n\r\t',
      html: '<img src=x onerror=alert(1)>&lt;',
      shell: '$(reboot) `id` ; rm -rf / #',
    };
    const [alert] = parseNotification(withLabels(hostile), alertmanager).alerts;
    assert.deepEqual(alert?.labels, hostile);
  });

  it('are kept up to 64 KiB in total, with a warning that names the first dropped', () => {
    const { alerts, warnings } = parseNotification(
      withLabels(
        Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`label${index}`, 'x'.repeat(4000)])),
      ),
      alertmanager,
    );
    const kept = Object.entries(alerts[0]?.labels ?? {});
    assert.equal(kept.length, 16);
    assert.match(warnings.join(), /only the first 65536 characters were kept, without label16/);
  });

  it('of 100 kB are cut to 4 KiB with a mark and a warning; the identity stays', () => {
    const long = 'x'.repeat(100_000);
    const { alerts, warnings } = parseNotification(withLabels({ alertname: 'A', long }), alertmanager);
    const value = alerts[0]?.labels['long'] ?? '';
    assert.equal(value.length, 4096);
    assert.ok(value.endsWith('x…'));
    assert.match(warnings.join(), /long: a value of 100000 characters was cut/);
    assert.equal(alerts[0]?.fingerprint, '4a5b6c7d8e9f0011');
  });

  it('never contain what a database refuses: NUL, half a surrogate pair', () => {
    const [alert] = parseNotification(
      withLabels({ nul: 'a\0b', half: '\ud800', pair: `${'x'.repeat(4094)}😀😀` }),
      alertmanager,
    ).alerts;
    assert.deepEqual([alert?.labels['nul'], alert?.labels['half']], ['a\ufffdb', '\ufffd']);
    assert.ok(alert?.labels['pair']?.isWellFormed());
  });

  it('named like parts of JavaScript objects change nothing', () => {
    const body = JSON.parse(
      JSON.stringify(withLabels({ alertname: 'A' })).replace(
        '"alertname"',
        '"__proto__":"x","constructor":"y","alertname"',
      ),
    ) as unknown;
    const [alert] = parseNotification(body, alertmanager).alerts;
    assert.equal(alert?.labels['constructor'], 'y');
    assert.equal(Object.getPrototypeOf(alert?.labels), Object.prototype);
  });

  it('in 10,000 alerts of one body are all read, with few warnings', () => {
    const body = fixture('alertmanager-0.25');
    const [first] = body.alerts;
    const alerts = Array.from({ length: 10_000 }, (_, i) => ({
      ...first,
      fingerprint: i.toString(16).padStart(16, '0'),
      labels: { alertname: 'A', big: 'x'.repeat(5000) },
    }));
    const read = parseNotification({ ...body, alerts }, alertmanager);
    assert.equal(read.alerts.length, 10_000);
    assert.equal(read.warnings.length, 20);
    assert.match(read.warnings.at(-1) ?? '', /9981 further/);
  });
});

describe('a label or annotation that is not text', () => {
  const read = (labels: unknown, annotations: unknown = {}) =>
    parseNotification(
      { version: '4', status: 'firing', alerts: [{ labels, annotations, startsAt: '2026-11-30T02:00:00Z' }] },
      { source: 'am', sender: 'alertmanager' },
    );

  it('is kept as text when it is a number or a boolean', () => {
    const { alerts, warnings } = read({ alertname: 'A', port: 8080, canary: true }, { value: 0.5 });
    assert.deepEqual(alerts[0]?.labels, { alertname: 'A', port: '8080', canary: 'true' });
    assert.deepEqual(alerts[0].annotations, { value: '0.5' });
    assert.deepEqual(warnings, []);
  });

  it('is left out with a warning otherwise, and the alert is kept', () => {
    const { alerts, warnings } = read(
      { alertname: 'A', pod: null },
      { runbook: null, owners: ['a'], at: {} },
    );
    assert.deepEqual(alerts[0]?.labels, { alertname: 'A' });
    assert.deepEqual(alerts[0].annotations, {});
    assert.deepEqual(warnings, [
      'alerts[0].labels.pod is null, not text, and was left out.',
      'alerts[0].annotations.runbook is null, not text, and was left out.',
      'alerts[0].annotations.owners is a list, not text, and was left out.',
      'alerts[0].annotations.at is an object, not text, and was left out.',
    ]);
  });

  it('leaves the fingerprint of the other labels', () => {
    const [withNull] = read({ alertname: 'A', pod: null }).alerts;
    assert.equal(withNull?.fingerprint, read({ alertname: 'A' }).alerts[0]?.fingerprint);
  });
});
