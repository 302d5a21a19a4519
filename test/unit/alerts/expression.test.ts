import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alertExpression } from '../../../src/alerts/expression.ts';

describe("the expression of an alert's rule", () => {
  it('is read from the link of Prometheus, with or without its host, and of nothing else', () => {
    const generatorUrl = `http://p/graph?g0.expr=${encodeURIComponent('sum by (pod) (rate(x[5m])) > 0.5')}&g0.tab=1`;
    assert.equal(alertExpression(generatorUrl), 'sum by (pod) (rate(x[5m])) > 0.5');
    assert.equal(alertExpression('http://p:9090/graph?g0.expr=sum%28x%29+%3E+1&g0.tab=1'), 'sum(x) > 1');
    assert.equal(alertExpression('/graph?g0.expr=sum%28x%29+%3E+1&g0.tab=1'), 'sum(x) > 1');
    assert.equal(alertExpression('http://grafana/alerting/abc/view'), null);
    assert.equal(alertExpression(''), null);
    assert.equal(alertExpression('javascript:alert(1)'), null);
  });
});
