import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byPod } from '../../../src/targets/kubernetes/choice/by-pod.ts';
import { extreme } from '../../../src/targets/kubernetes/choice/choose-pod.ts';
import { worstFirst } from '../../../src/targets/kubernetes/choice/measure-by-expression.ts';
import { pod } from '../../given/pod.ts';

const cases: [what: string, expression: string, query: string, largest?: boolean][] = [
  [
    'a quantile over a workload',
    'histogram_quantile(0.99, sum by (le, deployment) (rate(http_seconds_bucket{uri!~"/health|/by (x)"}[5m]))) > 0.5',
    'histogram_quantile ( 0.99 , sum by ( le, deployment, pod, namespace, instance, cluster ) ( rate ( http_seconds_bucket { uri !~ "/health|/by (x)" } [ 5m ] ) ) )',
  ],
  [
    'a sum without grouping',
    'sum(rate(x[1m])) >= 10',
    'sum by (pod, namespace, instance, cluster) ( rate ( x [ 1m ] ) )',
  ],
  ['a grouping behind', 'avg(x) by (namespace) > 1', 'avg ( x ) by ( namespace, pod, instance, cluster )'],
  ['a grouping by exclusion', 'sum without (pod, uri) (x) > 1', 'sum without ( uri ) ( x )'],
  ['a threshold from below', 'sum(up) < 1', 'sum by (pod, namespace, instance, cluster) ( up )', false],
  [
    'a ratio of two sums',
    '(sum(rate(e[5m])) / sum(rate(a[5m]))) > 0.05',
    '( sum by (pod, namespace, instance, cluster) ( rate ( e [ 5m ] ) ) / sum by (pod, namespace, instance, cluster) ( rate ( a [ 5m ] ) ) )',
  ],
  [
    'a comparison of two series',
    'sum(a) > sum(b)',
    'sum by (pod, namespace, instance, cluster) ( a ) > sum by (pod, namespace, instance, cluster) ( b )',
  ],
  ['a metric whose name begins like an aggregation', 'sum_total > 3', 'sum_total'],
  ['a comment', 'sum(a) # by (b)\n> 3', 'sum by (pod, namespace, instance, cluster) ( a )'],
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

describe('which pod has the extreme value', () => {
  const [a, b, c] = [pod({ name: 'a' }), pod({ name: 'b' }), pod({ name: 'c' })];

  it('is told by the worst of its rows', () => {
    const rows = [
      { pod: a, value: 4 },
      { pod: b, value: 0 },
      { pod: b, value: 7 },
      { pod: c, value: 5 },
    ];
    assert.deepEqual(extreme(worstFirst(rows, true)), { pod: b, value: 7, next: 5 });
    assert.deepEqual(extreme(worstFirst(rows, false)), { pod: b, value: 0, next: 4 });
  });

  it('the only one with a value; none when all are equal or have none', () => {
    assert.deepEqual(extreme(worstFirst([{ pod: b, value: 1 }], true)), { pod: b, value: 1, next: null });
    assert.equal(extreme([]), null);
    const equal = [
      { pod: a, value: 1 },
      { pod: b, value: 1 },
    ];
    assert.equal(extreme(worstFirst(equal, true)), null);
  });
});
