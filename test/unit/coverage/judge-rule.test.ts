import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { judgeRule } from '../../../src/coverage/judge-rule.ts';
import type { Judgement } from '../../../src/coverage/judgement.ts';
import { recordedBy } from '../../../src/coverage/recorded.ts';
import { parseRuleFile } from '../../../src/coverage/rule-file.ts';
import type { AlertingRule } from '../../../src/coverage/rules.ts';
import { coverageText } from '../../../src/coverage/table.ts';
import { decide } from '../../../src/routing/decide.ts';
import { judging, ruleFile } from '../../given/coverage-rules.ts';

const golden = join(import.meta.dirname, '../../fixtures/coverage.txt');

const { alerting, recording } = parseRuleFile('shop.yaml', ruleFile);
const ours = judging({ recorded: recordedBy(recording) });
const judged = alerting.map((rule) => judgeRule(rule, ours));

function of(name: string): Judgement {
  const found = judged.find(({ rule }) => rule.name === name);
  assert.ok(found, name);
  return found;
}

const rule = (expression: string, labels: Record<string, string> = {}): AlertingRule => ({
  name: 'Some',
  group: '',
  place: '',
  expression,
  labels: { severity: 'critical', team: 'jvm', ...labels },
  annotations: {},
  sender: 'alertmanager',
});

/** `pod by instance, assumed`, or the verdict. */
function outcome({ verdict, target, certainty }: Judgement): string {
  return target === null || verdict !== 'captures'
    ? verdict
    : `${target.what} by ${target.label}, ${certainty ?? ''}`;
}

describe('the verdict on a rule', () => {
  const cases: [what: string, expression: string, outcome: string][] = [
    ['keeps the pod', 'max by (namespace, pod) (x) > 1', 'pod by pod, certain'],
    ['aggregates nothing, of a JVM', 'jvm_threads_live_threads > 1', 'pod by pod, assumed'],
    ['aggregates nothing, of any pod', 'kube_pod_status_ready == 0', 'pod by pod, assumed'],
    ['keeps the address', 'sum by (instance) (jvm_memory_used_bytes) > 1', 'pod by instance, certain'],
    ["keeps the node's address alone", 'sum by (instance) (container_memory_rss) > 1', 'no-target'],
    ['of kube-state-metrics', 'kube_deployment_spec_replicas > 1', 'workload by deployment, assumed'],
    [
      'of a mesh',
      'sum by (destination_workload, destination_workload_namespace) (rate(istio_requests_total[5m])) > 1',
      'workload by destination_workload, certain',
    ],
    [
      'of an ingress controller',
      'sum by (exported_namespace, exported_service, ingress) (rate(nginx_ingress_controller_requests[5m])) > 1',
      'service by exported_service, certain',
    ],
    [
      "names the ingress controller's pod",
      'sum by (pod) (rate(nginx_ingress_controller_nginx_process_requests_total[5m])) > 1',
      'not-a-jvm',
    ],
    [
      'of OpenTelemetry',
      'max by ("k8s.namespace.name", "k8s.pod.name") (x) > 1',
      'pod by k8s.pod.name, certain',
    ],
    ["of Elasticsearch's exporter", 'elasticsearch_jvm_memory_used_bytes > 1', 'pod by name, assumed'],
    ["of a consumer group's lag", 'sum by (consumergroup) (kafka_consumergroup_lag) > 1', 'no-target'],
    ['keeps no place', 'sum by (uri) (rate(http_server_requests_seconds_count[5m])) > 1', 'no-target'],
    [
      'of capacity',
      'sum(kube_pod_container_resource_requests) / sum(kube_node_status_allocatable) > 1',
      'not-a-jvm',
    ],
    ['of a scrape job that is no JVM', 'up{job=~"kubelet|apiserver"} == 0', 'not-a-jvm'],
    ['of such a job by a pattern', 'grpc_server_handled_total{job=~".*etcd.*"} > 1', 'not-a-jvm'],
    ['of an application beside an agent', 'up{job="shop-jmx-prometheus"} == 0', 'pod by pod, assumed'],
    ['of alerts', 'ALERTS{alertstate="firing"} == 1', 'not-a-jvm'],
    ['of a Go program', 'go_goroutines > 1000', 'not-a-jvm'],
  ];
  for (const [what, expression, expected] of cases)
    it(`that ${what}: ${expression.slice(0, 60)}`, () => {
      assert.equal(outcome(judgeRule(rule(expression), ours)), expected);
    });

  it('says under which condition a route takes it', () => {
    assert.deepEqual(of('CheckoutSlow').conditions, ['namespace="shop"']);
    assert.deepEqual(of('HeapFull').conditions, []);
  });

  it('fills in the labels that a template takes from the series', () => {
    const templated = rule('max by (ns) (x) > 1', {
      namespace: '{{ $labels.ns }}',
      pod: '{{ $labels.gone }}',
    });
    const { shape } = judgeRule(templated, ours);
    assert.deepEqual(shape?.known.get('namespace'), { is: 'kept' });
    assert.deepEqual(shape?.known.get('pod'), { is: 'dropped' });
  });

  it('knows the labels that Prometheus adds on the way, which replace none', () => {
    const added = judging({ added: { cluster: 'us', severity: 'none' } });
    const { verdict, why } = judgeRule(rule('max by (namespace, pod) (x) > 1'), added);
    assert.equal(verdict, 'elsewhere');
    assert.match(why, /us, not eu/);
  });

  it('takes the panel from the annotations of the rule', () => {
    const annotations = { __dashboardUid__: 'abc', __panelId__: '3' };
    const { panel } = judgeRule({ ...rule('max by (pod) (x) > 1'), annotations }, ours);
    assert.equal(panel?.dashboardUid, 'abc');
  });

  it('is by the rows in Prometheus where there are any', () => {
    const rows = [
      { namespace: 'shop', pod: 'a-0', job: 'shop' },
      { namespace: 'shop', job: 'shop' },
      { job: 'kubelet' },
    ];
    const seen = judgeRule(rule('x > 1'), ours, { labels: rows, more: false });
    assert.equal(outcome(seen), 'pod by pod, seen');
    assert.deepEqual(seen.rows, { seen: 3, captured: 2, more: false });
    const others = judgeRule(rule('x > 1'), ours, { labels: rows.slice(2), more: false });
    assert.equal(others.verdict, 'not-a-jvm');
  });

  it('is what serve decides on such an alert', () => {
    const moment = { now: 0, newId: () => 'id', deadlineMs: 1, queueLimit: 1 };
    const labels = { severity: 'critical', team: 'jvm', alertname: 'Some', namespace: 'shop', pod: 'a-0' };
    const alert = {
      source: 'am',
      sender: 'alertmanager' as const,
      fingerprint: '1',
      status: 'firing' as const,
      startsAt: '',
      endsAt: null,
      labels,
      annotations: {},
      generatorUrl: '',
      panelUrl: '',
      dashboardUrl: '',
    };
    assert.equal(decide(alert, ours.rules, moment).outcome, 'queued');
    const { verdict, route } = judgeRule(rule('max by (namespace, pod) (x{namespace="shop"}) > 1'), ours);
    assert.deepEqual([verdict, route?.name], ['captures', 'shop']);
  });
});

describe('the change', () => {
  const what = (expression: string): string => judgeRule(rule(expression), ours).change?.what ?? 'none';

  it('names the part of the expression, and how to write it', () => {
    assert.equal(what('sum(x) / sum(y) > 1'), 'keep namespace and pod: write sum by (namespace, pod)');
    assert.equal(
      what('sum by (uri) (x) > 1'),
      'keep namespace and pod: write sum by (uri, namespace, pod) for by (uri)',
    );
    assert.equal(
      what('max without (pod, instance) (x{namespace="shop"}) > 1'),
      'keep pod: take pod out of without (pod, instance)',
    );
    assert.equal(
      what('a / on (namespace) b > 1'),
      'keep pod: write / on (namespace, pod) for on (namespace)',
    );
    assert.equal(what('max by (namespace, pod) (x) > 1'), 'none');
  });

  it('follows what the exporter knows', () => {
    assert.match(
      what('sum(istio_requests_total) > 1'),
      /^keep destination_workload_namespace and destination_workload: /,
    );
    assert.match(what('sum(kube_deployment_spec_replicas) > 1'), /^keep namespace and deployment: /);
    assert.match(
      what('sum by (consumergroup) (kafka_consumergroup_lag) > 1'),
      /labels: \{workload: \["consumergroup"\]\}$/,
    );
  });

  it('is a route where no label helps, quoted so that it can be pasted', () => {
    const named = { ...rule('probe_success == 0'), name: `It's "down"` };
    assert.equal(
      judgeRule(named, ours).change?.what,
      `name the target on a route: - {matchers: ['alertname="It''s \\"down\\""'], target: {kubernetes: {namespace: NAMESPACE, deployment: NAME}}}`,
    );
  });
});

describe('the text', () => {
  it('is as it was', () => {
    const text = coverageText(judged, { width: 110, notes: ['A note.'], routes: 'configured' });
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'), 'UPDATE_GOLDEN=1 npm run test:unit rewrites it');
  });

  it('keeps within the width, but for words that have to be copied whole', () => {
    for (const width of [60, 80, 200])
      for (const line of coverageText(judged, { width, notes: [], routes: 'configured' })
        .split('\n')
        .slice(1))
        assert.ok(line.length <= width || !line.trim().slice(0, width).includes(' '), line);
  });

  it('cannot drive the terminal', () => {
    const text = coverageText(judged, { width: 110, notes: ['\u001b[2J'], routes: 'configured' });
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  });
});
