import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byPod } from '../../../src/targets/kubernetes/choice/by-pod.ts';
import { extreme } from '../../../src/targets/kubernetes/choice/choose-pod.ts';
import { worstFirst } from '../../../src/targets/kubernetes/choice/measure-pods.ts';
import { pod } from '../../given/pod.ts';
import type { PodValue } from '../../../src/targets/kubernetes/choice/prometheus.ts';

const cases: [what: string, expression: string, query: string, largest?: boolean][] = [
  [
    'a quantile over a workload',
    'histogram_quantile(0.99, sum by (le, deployment) (rate(http_seconds_bucket{uri!~"/health|/by (x)"}[5m]))) > 0.5',
    'histogram_quantile ( 0.99 , sum by ( le, deployment, pod, instance ) ( rate ( http_seconds_bucket { uri !~ "/health|/by (x)" } [ 5m ] ) ) )',
  ],
  ['a sum without grouping', 'sum(rate(x[1m])) >= 10', 'sum by (pod, instance) ( rate ( x [ 1m ] ) )'],
  ['a grouping behind', 'avg(x) by (namespace) > 1', 'avg ( x ) by ( namespace, pod, instance )'],
  ['a grouping by exclusion', 'sum without (pod, uri) (x) > 1', 'sum without ( uri ) ( x )'],
  ['a threshold from below', 'sum(up) < 1', 'sum by (pod, instance) ( up )', false],
  [
    'a ratio of two sums',
    '(sum(rate(e[5m])) / sum(rate(a[5m]))) > 0.05',
    '( sum by (pod, instance) ( rate ( e [ 5m ] ) ) / sum by (pod, instance) ( rate ( a [ 5m ] ) ) )',
  ],
  [
    'a comparison of two series',
    'sum(a) > sum(b)',
    'sum by (pod, instance) ( a ) > sum by (pod, instance) ( b )',
  ],
  ['a metric whose name begins like an aggregation', 'sum_total > 3', 'sum_total'],
  ['a comment', 'sum(a) # by (b)\n> 3', 'sum by (pod, instance) ( a )'],
];

describe('the alert expression broken down by pod', () => {
  for (const [what, expression, query, largest = true] of cases)
    it(`of ${what}`, () => {
      assert.deepEqual(byPod(expression), { query, largest });
    });

  it('gives up where sides mean different things, or on what is not an expression', () => {
    assert.equal(byPod('a or b'), null);
    assert.equal(byPod('a unless b'), null);
    assert.equal(byPod('a ; drop'), null);
    assert.equal(byPod('"unclosed'), null);
  });
});

const podAt = (name: string, address: string) => pod({ name, status: { podIP: address } });

describe('which pod has the extreme value', () => {
  const pods = [podAt('a', '10.0.0.1'), podAt('b', '10.0.0.2'), podAt('c', '10.0.0.20')];
  const value = (labels: Record<string, string>, number: number) => ({ labels, value: number });
  const worst = (values: PodValue[], largest: boolean) => extreme(worstFirst(pods, values, largest));

  it('by the pod label, or else by the address in instance', () => {
    const byName = [value({ pod: 'a' }, 1), value({ pod: 'b' }, 3), value({ pod: 'other' }, 9)];
    assert.deepEqual(worst(byName, true), { pod: pods[1], value: 3, next: 1 });
    assert.equal(worst(byName, false)?.pod, pods[0]);
    const byAddress = [value({ instance: '10.0.0.2:8080' }, 1), value({ instance: '10.0.0.20:8080' }, 5)];
    assert.equal(worst(byAddress, true)?.pod, pods[2]);
  });

  it('not by a pod of the same name in another namespace', () => {
    const values = [
      value({ pod: 'a', namespace: 'other' }, 9),
      value({ pod: 'b' }, 3),
      value({ pod: 'c' }, 2),
    ];
    assert.equal(worst(values, true)?.pod, pods[1]);
  });

  it('the only one with a value; none when all are equal or have none', () => {
    assert.deepEqual(worst([value({ pod: 'b' }, 1)], true), { pod: pods[1], value: 1, next: null });
    assert.equal(worst([], true), null);
    assert.equal(worst([value({ pod: 'a' }, 1), value({ pod: 'b' }, 1)], true), null);
  });
});
