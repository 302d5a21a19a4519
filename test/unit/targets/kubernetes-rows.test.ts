import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { labelsBesidePod, rowsOfPods } from '../../../src/targets/kubernetes/choice/rows.ts';
import { pod } from '../../given/pod.ts';

type Labels = Record<string, string>;
const pods = [
  pod({ name: 'orders-0', status: { podIP: '10.0.0.1' } }),
  pod({ name: 'orders-1', status: { podIP: '10.0.0.10' } }),
  pod({ name: 'orders-2', status: { podIP: 'fd00::2' } }),
];
const alert = { alertname: 'Slow', namespace: 'shop', statefulset: 'orders' };

/** [what the case is, the alert's further labels, the row, the pod it is about or null, what is said of it]. */
const cases: [what: string, alert: Labels, row: Labels, pod: string | null, leftOut?: string][] = [
  ['its name', {}, { pod: 'orders-0' }, 'orders-0'],
  ['its name and namespace', {}, { pod: 'orders-0', namespace: 'shop' }, 'orders-0'],
  [
    'an exported name',
    {},
    { exported_pod: 'orders-1', exported_namespace: 'shop', pod: 'exporter', namespace: 'metrics' },
    'orders-1',
  ],
  ['an OpenTelemetry name', {}, { k8s_pod_name: 'orders-1', k8s_namespace_name: 'shop' }, 'orders-1'],
  ['its address', {}, { instance: '10.0.0.10:8080' }, 'orders-1'],
  ['its IPv6 address', {}, { instance: '[fd00::2]:8080' }, 'orders-2'],
  ['no address that only begins alike', {}, { instance: '10.0.0.100:8080' }, null, 'other pods'],
  ['another pod at its address', {}, { pod: 'proxy', instance: '10.0.0.1:80' }, null, 'other pods'],
  ['a pod of its name elsewhere', {}, { pod: 'orders-0', namespace: 'staging' }, null, 'another namespace'],
  [
    'the same under another label',
    {},
    { pod: 'orders-0', kubernetes_namespace: 'staging' },
    null,
    'other pods',
  ],
  [
    'the same from OpenTelemetry',
    {},
    { k8s_pod_name: 'orders-0', k8s_namespace_name: 'staging' },
    null,
    'other pods',
  ],
  [
    'the same, exported',
    {},
    { exported_pod: 'orders-0', exported_namespace: 'staging', namespace: 'shop' },
    null,
    'another namespace',
  ],
  ['its uri', { uri: '/a' }, { pod: 'orders-0', uri: '/a' }, 'orders-0'],
  ['a row without a uri', { uri: '/a' }, { pod: 'orders-0' }, 'orders-0'],
  ['an alert without a uri', {}, { pod: 'orders-0', uri: '/a' }, 'orders-0'],
  ['another uri', { uri: '/a' }, { pod: 'orders-0', uri: '/b' }, null, 'another uri'],
  ['another method', { method: 'GET' }, { pod: 'orders-0', method: 'PUT' }, null, 'another method'],
  ['another bucket', { le: '0.5' }, { pod: 'orders-0', le: '1' }, null, 'another le'],
  ['another quantile', { quantile: '0.99' }, { pod: 'orders-0', quantile: '0.5' }, null, 'another quantile'],
  ['another cluster', { cluster: 'eu' }, { pod: 'orders-0', cluster: 'us' }, null, 'another cluster'],
  [
    'another cluster by its other label',
    { cluster: 'eu' },
    { k8s_pod_name: 'orders-0', k8s_cluster_name: 'us' },
    null,
    'another cluster',
  ],
  ['a label called like a method of objects', {}, { pod: 'orders-0', constructor: 'x' }, 'orders-0'],
];

describe('a row of Prometheus', () => {
  for (const [what, labels, row, name, leftOut] of cases)
    it(`with ${what} is ${name === null ? 'left out' : 'taken'}`, () => {
      const found = rowsOfPods(pods, [{ labels: row, value: 1 }], {
        labels: { ...alert, ...labels },
        cluster: null,
      });
      assert.deepEqual(
        found.rows.map((each) => each.pod.metadata.name),
        name === null ? [] : [name],
      );
      assert.equal(found.leftOut, leftOut === undefined ? '' : `1 row about ${leftOut} left out`);
    });

  const rows = (...clusters: string[]) =>
    clusters.map((cluster, at) => ({ labels: { pod: 'orders-0', cluster }, value: at }));

  it('of several clusters counts only once something says which is meant', () => {
    const values = (labels: Labels, cluster: string | null) =>
      rowsOfPods(pods, rows('eu', 'us'), { labels, cluster }).rows.map(({ value }) => value);
    assert.deepEqual(values({ cluster: 'us' }, null), [1]);
    assert.deepEqual(values({}, 'eu'), [0]);
    assert.deepEqual(values({}, null), []);
    assert.deepEqual(rowsOfPods(pods, rows('eu', 'us'), { labels: {}, cluster: null }).clusters, [
      'eu',
      'us',
    ]);
    assert.equal(rowsOfPods(pods, rows('eu', 'eu'), { labels: {}, cluster: null }).rows.length, 2);
  });

  it('that is left out is counted, with the label that it differs in', () => {
    const row = (labels: Labels) => ({ labels: { pod: 'orders-0', ...labels }, value: 1 });
    const values = [row({ uri: '/b' }), row({ uri: '/c' }), row({ method: 'PUT' }), row({ le: '1' })];
    const meant = { labels: { uri: '/a', method: 'GET', le: '2', quantile: '1' }, cluster: null };
    assert.equal(
      rowsOfPods(pods, values, meant).leftOut,
      '2 rows about another uri, 1 about another method, 1 about another le left out',
    );
    assert.match(
      rowsOfPods(pods, [...values, row({ quantile: '3' })], meant).leftOut,
      /another le, … left out$/,
    );
  });
});

describe('of the labels of an alert', () => {
  it('those of its pod do not hold for the siblings, all others do', () => {
    const ofPod = {
      pod: 'orders-0',
      exported_pod: 'orders-0',
      'k8s.pod.name': 'orders-0',
      k8s_pod_uid: 'u',
      instance: '10.0.0.1:80',
      node: 'n1',
      service_instance_id: 'i',
      container_id: 'c',
    };
    const ofAll = { container: 'app', k8s_container_name: 'app', uri: '/a', namespace: 'shop', service: 's' };
    assert.deepEqual(labelsBesidePod({ ...ofPod, ...ofAll }), ofAll);
  });
});
