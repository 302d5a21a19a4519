import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { alertExpression } from '../../../src/alerts/expression.ts';
import { certainAlerts } from '../../../src/coverage/certain-alerts.ts';
import { Failure } from '../../../src/reasons/failure.ts';

const began = '2026-11-30T02:14:00.000Z';

describe('a file of alerting rules', () => {
  const expression = 'sum by (namespace) (rate(x{namespace="shop"}[5m])) > 1';
  const rules = `
groups:
  - name: shop
    rules:
      - {record: 'x:rate5m', expr: 'rate(x[5m])'}
      - alert: CheckoutSlow
        expr: ${JSON.stringify(expression)}
        labels: {severity: critical, level: 1, team: "{{ $labels.team }}"}
        annotations: {summary: "{{ $value }} s", grafana_dashboard_id: shop}
`;

  it('is an alert for each rule, with the labels that are certain and the expression', () => {
    const { alerts, moreLabels } = certainAlerts('rules.yaml', rules, began);
    assert.deepEqual(
      alerts.map(({ labels, annotations, generatorUrl, startsAt }) => [
        labels,
        annotations,
        alertExpression(generatorUrl),
        startsAt,
      ]),
      [
        [
          { namespace: 'shop', severity: 'critical', level: '1', alertname: 'CheckoutSlow' },
          { grafana_dashboard_id: 'shop' },
          expression,
          began,
        ],
      ],
    );
    assert.equal(moreLabels, true);
  });

  it('may be a PrometheusRule, or several documents', () => {
    const object = readFileSync(
      new URL('../../../deploy/kubernetes/monitoring.yaml', import.meta.url),
      'utf8',
    );
    const documents = object.split(/^---$/m).filter((each) => each.includes('kind: PrometheusRule'));
    assert.notEqual(documents.length, 0);
    const { alerts } = certainAlerts('all.yaml', [...documents, rules].join('\n---\n'), began);
    assert.ok(alerts.some(({ labels }) => labels['alertname'] === 'CheckoutSlow'));
    assert.ok(alerts.length > 1);
  });

  it('that is not one is refused, with the place where it differs', () => {
    for (const [text, said] of [
      ['a: [', /^rules\.yaml:1:\d+: not YAML/],
      ['route: {receiver: x}', /^rules\.yaml: no `groups` of rules/],
      ['groups: [{rules: [{alert: A}]}]', /^rules\.yaml:1: groups\[0\]\.rules\[0\]\.expr/],
    ] as const)
      assert.throws(
        () => certainAlerts('rules.yaml', text, began),
        (error) =>
          error instanceof Failure && error.code === 'rule-file-malformed' && said.test(error.detail),
      );
    assert.deepEqual(certainAlerts('x', 'groups: []', began).alerts, []);
  });
});
