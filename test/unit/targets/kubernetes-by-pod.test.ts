import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byPod } from '../../../src/targets/kubernetes/choice/by-pod.ts';
import { extreme } from '../../../src/targets/kubernetes/choice/choose-pod.ts';
import { worstFirst } from '../../../src/targets/kubernetes/choice/measure-by-expression.ts';
import { podLabelSchemes } from '../../../src/targets/kubernetes/choice/pod-labels.ts';
import { pod } from '../../given/pod.ts';
import { ruleExpressions } from '../../given/rule-expressions.ts';

describe('the alert expression broken down by pod', () => {
  for (const { rule, expression, byPod: query, unconditional, largest } of ruleExpressions)
    it(`of ${rule}`, () => {
      assert.deepEqual(
        byPod(expression),
        query === null ? null : { query, unconditional: unconditional ?? null, largest: largest ?? true },
      );
    });

  it('names the pod as the series do', () => {
    const [, exported, , dotted] = podLabelSchemes;
    assert.equal(
      byPod('sum by (uri) (x) > 1', exported)?.query,
      'sum by (uri, exported_pod, exported_namespace, cluster) (x)',
    );
    assert.equal(
      byPod('sum(x) > 1', dotted)?.query,
      'sum by ("k8s.pod.name", "k8s.namespace.name", "k8s.cluster.name", cluster)(x)',
    );
    assert.equal(byPod('sum without ("k8s.pod.name", uri) (x)', dotted)?.query, 'sum without (uri) (x)');
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
