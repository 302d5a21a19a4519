import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { queryBehind, type Condition } from '../../../src/targets/kubernetes/choice/grafana-condition.ts';

const expression = (refId: string, model: Record<string, unknown>) => ({
  refId,
  datasourceUid: '__expr__',
  model,
});
const query = (expr: string, more: Record<string, unknown> = {}) => ({
  refId: 'A',
  datasourceUid: 'metrics',
  model: { expr, ...more },
});
const behind = (...data: Condition['data']) => queryBehind({ condition: data.at(-1)?.refId ?? '', data });
const math = (text: string) => behind(query('x'), expression('B', { type: 'math', expression: text }));

describe('the query behind the condition of a Grafana-managed rule', () => {
  for (const [text, above] of [
    ['$A > 5', true],
    ['${A} >= 5', true],
    ['$A', true],
    ['$A * 100 > 95', true],
    ['($A * 100) > 95', true],
    ['$A<0.5', false],
    ['1e-3 > $A', false],
    ['5 < $A / 60', true],
    ['$A - 3 <= -1', false],
  ] as [string, boolean][])
    it(`is asked for its ${above ? 'highest' : 'lowest'} pod by ${text}`, () => {
      assert.deepEqual(math(text), { expression: 'x', datasourceUid: 'metrics', above });
    });

  for (const text of [
    '100 - $A > 5',
    '$A > 5 && $A < 10',
    '!($A > 5)',
    '-$A > 5',
    'abs($A) > 5',
    '$A > $B',
    '$A > 5 || 1',
    '$A == 0',
    '',
  ])
    it(`is not used where math is ${text === '' ? 'empty' : text}`, () => {
      assert.ok('why' in math(text), JSON.stringify(math(text)));
    });

  const threshold = (refId: string, of: string, type: string) =>
    expression(refId, {
      type: 'threshold',
      expression: of,
      conditions: [{ evaluator: { type, params: [1] } }],
    });

  it('is turned around by each comparison below a number', () => {
    const above = (first: string, second: string) => {
      const found = behind(query('x'), threshold('B', 'A', first), threshold('C', 'B', second));
      return 'above' in found && found.above;
    };
    assert.deepEqual(
      [above('gt', 'gt'), above('lt', 'gt'), above('gt', 'lt'), above('lt', 'lt')],
      [true, false, false, true],
    );
  });

  it('is found through resampling and reduction, but not through a count', () => {
    const through = (reducer: string) =>
      behind(
        query('x'),
        expression('B', { type: 'resample', expression: '$A', window: '1m' }),
        expression('C', { type: 'reduce', expression: 'B', reducer }),
        threshold('D', '${C}', 'gt'),
      );
    assert.deepEqual(through('max'), { expression: 'x', datasourceUid: 'metrics', above: true });
    assert.ok('why' in through('count'));
  });

  it('may be the condition itself', () => {
    assert.deepEqual(behind(query('x > 1')), { expression: 'x > 1', datasourceUid: 'metrics', above: true });
  });

  it('is not used where the rule is of an unknown form, refers to nothing or to itself', () => {
    assert.ok('why' in behind(query('x'), expression('B', { type: 'sql', expression: 'SELECT * FROM A' })));
    assert.ok('why' in behind(query('x'), threshold('B', 'Z', 'gt')));
    assert.ok('why' in behind(threshold('B', 'B', 'gt')));
    assert.ok('why' in queryBehind({ condition: '', data: [] }));
    assert.ok('why' in behind({ ...query('x'), model: { rawSql: 'SELECT 1' } }));
  });

  it("has Grafana's variables filled in", () => {
    const filled = (expr: string, more: Record<string, unknown> = {}) => {
      const found = behind(query(expr, more));
      return 'expression' in found ? found.expression : found.why;
    };
    assert.equal(filled('rate(x[$__rate_interval])'), 'rate(x[120s])');
    assert.equal(filled('rate(x[${__rate_interval}])', { interval: '1m' }), 'rate(x[240s])');
    assert.equal(filled('x[$__interval] / $__interval_ms', { intervalMs: 15_000 }), 'x[15s] / 15000');
    assert.equal(filled('x{a="$b"}'), 'x{a="$b"}');
  });
});
