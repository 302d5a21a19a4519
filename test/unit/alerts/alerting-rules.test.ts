import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { alertExpression } from '../../../src/alerts/expression.ts';
import { parseAlertingRules } from '../../../src/alerts/alerting-rules.ts';
import { pinnedLabels } from '../../../src/alerts/expression-labels.ts';
import { Failure } from '../../../src/reasons/failure.ts';

const began = '2026-11-30T02:14:00.000Z';

describe('the labels that every row of an expression has', () => {
  for (const [expression, labels] of [
    ['up{job="api"} == 0', { job: 'api' }],
    ['up{job=~"api",env!="dev",zone=""} == 0', {}],
    ['sum by (namespace) (rate(x{namespace="shop",pod="a"}[5m])) > 1', { namespace: 'shop' }],
    ['sum without (pod) (x{namespace="shop",pod="a"})', { namespace: 'shop' }],
    ['sum(x{namespace="shop"}) > 1', {}],
    ['topk(3, x{namespace="shop"})', { namespace: 'shop' }],
    ['sum by (a) (x{a="1"}) / sum by (a) (y{a="1"}) > 0.1', { a: '1' }],
    ['x{a="1"} / on (b) y{a="1",b="2"}', {}],
    ['x{a="1",b="2"} / ignoring (a) y{a="1",b="2"}', { b: '2' }],
    ['x{a="1"} * on (b) group_left (c) y{a="1"}', { a: '1' }],
    ['x{a="1"} and on (b) y{a="1"}', { a: '1' }],
    ['x{a="1"} / y{a="2"}', {}],
    ['x{a="1"} or vector(0)', {}],
    ['label_replace(x{a="1",b="2"}, "a", "$1", "b", "(.*)")', { b: '2' }],
    ['histogram_quantile(0.9, x{le="1",a="1"})', { a: '1' }],
    ['{"http.requests","k8s.namespace.name"="shop"}', { 'k8s.namespace.name': 'shop' }],
    ['x{a=\'it\',b=`raw`,c="say \\"hi\\""}', { a: 'it', b: 'raw', c: 'say "hi"' }],
    ['absent(up{job="api"})', { job: 'api' }],
    ['1 > 0', {}],
    ['not promql{', {}],
  ] as [string, Record<string, string>][])
    it(expression, () => {
      assert.deepEqual(pinnedLabels(expression), labels);
    });
});

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
    const { alerts, moreLabels } = parseAlertingRules(rules, 'rules.yaml', began);
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
    const { alerts } = parseAlertingRules([...documents, rules].join('\n---\n'), 'all.yaml', began);
    assert.ok(alerts.some(({ labels }) => labels['alertname'] === 'CheckoutSlow'));
    assert.ok(alerts.length > 1);
  });

  it('that is none says what it is instead, and which rule is faulty', () => {
    for (const [text, said] of [
      ['a: [', /rules\.yaml is neither JSON nor YAML/],
      ['plain text', /rules\.yaml holds neither JSON nor rules/],
      ['route: {receiver: x}', /an object with route, and neither "alerts" nor "groups"/],
      ['groups: [{rules: [{alert: A}]}]', /a faulty rule: groups\.0\.rules\.0\.expr/],
    ] as const)
      assert.throws(
        () => parseAlertingRules(text, 'rules.yaml', began),
        (error) => error instanceof Failure && error.code === 'alerts-unreadable' && said.test(error.detail),
      );
    assert.deepEqual(parseAlertingRules('groups: []', 'x', began).alerts, []);
  });
});
