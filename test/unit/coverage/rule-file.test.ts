import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRuleFile } from '../../../src/coverage/rule-file.ts';
import { Failure } from '../../../src/reasons/failure.ts';

const shop = `groups:
  - name: shop
    labels: {team: shop}
    rules:
      - record: job:errors:rate5m
        expr: sum by (job) (rate(errors_total[5m]))
      - alert: Slow
        expr: latency > 1
        for: 5m
        labels:
          severity: 1
          page: true
        annotations: {summary: "{{ $labels.pod }} is slow", runbook: null}
`;
const indented = (text: string, by: string): string => text.replaceAll(/^(?=.)/gm, by);
const object = (kind: string): string => `apiVersion: x/v1\nkind: ${kind}\nspec:\n${indented(shop, '  ')}`;

function names(text: string): string[] {
  return parseRuleFile('rules.yaml', text).alerting.map(({ name, place }) => `${name} ${place}`);
}

function detailOf(text: string): string {
  try {
    parseRuleFile('rules.yaml', text);
  } catch (error) {
    if (error instanceof Failure && error.code === 'rule-file-malformed') return error.detail;
    throw error;
  }
  return 'no error';
}

describe('a rule file', () => {
  it('has alerting and recording rules, with the labels of their group', () => {
    assert.deepEqual(parseRuleFile('rules.yaml', shop), {
      alerting: [
        {
          name: 'Slow',
          group: 'shop',
          place: 'rules.yaml:7',
          expression: 'latency > 1',
          labels: { team: 'shop', severity: '1', page: 'true' },
          annotations: { summary: '{{ $labels.pod }} is slow', runbook: '' },
          sender: 'alertmanager',
        },
      ],
      recording: [
        {
          name: 'job:errors:rate5m',
          expression: 'sum by (job) (rate(errors_total[5m]))',
          labels: { team: 'shop' },
        },
      ],
    });
  });

  it('may be a PrometheusRule or VMRule, several documents, or a list, beside other objects', () => {
    const deployment = 'kind: Deployment\nspec: {replicas: 2}\n';
    const list = `kind: List\nitems:\n  - kind: ConfigMap\n  - kind: PrometheusRule\n    spec:\n${indented(shop, '      ')}`;
    assert.deepEqual(names(object('PrometheusRule')), ['Slow rules.yaml:10']);
    assert.deepEqual(names([deployment, object('VMRule'), '', shop].join('---\n')), [
      'Slow rules.yaml:13',
      'Slow rules.yaml:28',
    ]);
    assert.deepEqual(names(list), ['Slow rules.yaml:12']);
    assert.deepEqual(names(JSON.stringify({ groups: [{ rules: [{ alert: 'A', expr: 'x' }] }] })), [
      'A rules.yaml:1',
    ]);
    assert.deepEqual(names('groups:\n'), []);
  });

  it('that cannot be read is refused, with line and column', () => {
    const cases: [text: string, detail: RegExp][] = [
      ['', /^rules\.yaml: no `groups` of rules, nor a PrometheusRule/],
      ['- alert: A\n  expr: x\n', /^rules\.yaml: no `groups`/],
      ['groups: 3', /^rules\.yaml:1: groups: this is not a list$/],
      [
        'groups:\n  - name: a\n    rules:\n      - expr: x\n',
        /^rules\.yaml:4: groups\[0\]\.rules\[0\]: neither/,
      ],
      ['groups:\n  - rules:\n      - alert: A\n', /^rules\.yaml:3: groups\[0\]\.rules\[0\]\.expr: /],
      [
        'groups:\n  - rules:\n      - alert: A\n        expr: x\n        labels: [a]\n',
        /^rules\.yaml:5: groups\[0\]\.rules\[0\]\.labels: /,
      ],
      ['groups: [\n', /^rules\.yaml:\d:\d: not YAML: /],
      ['groups:\n  - {{ template }}\n', /^rules\.yaml:2: groups\[0\]\.rules: /],
      [
        'a: &a [x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\ngroups: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n',
        /alias/i,
      ],
    ];
    for (const [text, detail] of cases) assert.match(detailOf(text), detail);
  });
});
