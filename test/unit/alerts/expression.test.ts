import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alertExpression } from '../../../src/alerts/expression.ts';
import { grafanaRuleOf } from '../../../src/alerts/grafana-rule.ts';

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

describe('the Grafana-managed rule of an alert', () => {
  it('is named by its link or its label', () => {
    const inSubPath = 'https://example.com/grafana/alerting/grafana/ab_C-1/view?orgId=1';
    assert.deepEqual(grafanaRuleOf({}, inSubPath), { uid: 'ab_C-1' });
    assert.deepEqual(grafanaRuleOf({}, 'http://grafana/alerting/abc/edit'), { uid: 'abc' });
    assert.deepEqual(grafanaRuleOf({ __alert_rule_uid__: 'def' }, inSubPath), { uid: 'def' });
  });

  it('is known by its folder where neither has it', () => {
    assert.deepEqual(grafanaRuleOf({ grafana_folder: 'Shop' }, 'https://example.com/moved'), { uid: null });
    assert.deepEqual(grafanaRuleOf({ grafana_folder: 'Shop', __alert_rule_uid__: '../x' }, ''), {
      uid: null,
    });
  });

  it("is not that of Mimir's rules that Grafana shows, nor of Prometheus", () => {
    assert.equal(grafanaRuleOf({}, 'https://example.com/alerting/Mimir/shop%24a/view'), null);
    assert.equal(grafanaRuleOf({}, 'http://p/graph?g0.expr=x'), null);
    assert.equal(grafanaRuleOf({}, ''), null);
  });
});
