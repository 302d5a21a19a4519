import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countFirings, type PastAlert } from '../../../src/coverage/firings.ts';
import { parseRuleFile } from '../../../src/coverage/rule-file.ts';
import { withoutFilters } from '../../../src/coverage/without-filters.ts';
import { judging, ruleFile } from '../../given/coverage-rules.ts';

const { alerting } = parseRuleFile('shop.yaml', ruleFile);
const [slow, service] = alerting;
const { rules } = judging();
const step = 300;

const past = (labels: Record<string, string>, ...minutes: number[]): PastAlert => ({
  labels: { severity: 'critical', namespace: 'shop', alertstate: 'firing', ...labels },
  seconds: minutes.map((minute) => minute * 60),
});

describe('the alerts of the past', () => {
  it('count once each time they begin, and are captured once in a cooldown of their workload', () => {
    assert.ok(slow && service);
    const counts = countFirings(
      new Map([
        // Fires for ten minutes, again in the cooldown of 15 minutes, and again after it.
        [slow, [past({ pod: 'orders-0' }, 0, 5, 10, 14, 100), past({ pod: 'orders-1' }, 5)]],
        // The same workload by another rule; and one that no route takes.
        [service, [past({ pod: 'orders-0' }, 110), past({ pod: 'orders-9', severity: 'info' }, 500)]],
      ]),
      rules,
      {},
      step,
    );
    assert.deepEqual(counts.get(slow), { fired: 3, captured: 3 });
    assert.deepEqual(counts.get(service), { fired: 2, captured: 0 });
  });

  it('are judged with the labels that are added on the way', () => {
    assert.ok(slow);
    const counts = countFirings(
      new Map([[slow, [past({ pod: 'orders-0' }, 0)]]]),
      rules,
      { cluster: 'us' },
      step,
    );
    assert.deepEqual(counts.get(slow), { fired: 1, captured: 0 });
  });
});

describe('an expression without its filters', () => {
  const cases: [expression: string, without: string | null][] = [
    ['x > 1', 'x'],
    ['1 < (sum by (pod) (x == 0) / 2 > 3)', '(sum by (pod) (x) / 2)'],
    ['a > b', 'a > bool b'],
    ['a > on (pod) group_left b * 2', 'a > bool on (pod) group_left b * 2'],
    ['a > bool 2', 'a > bool 2'],
    ['time() - x > 60', 'time() - x'],
    ['(a > 1) and on (pod) (b > 2)', '(a) and on (pod) (b)'],
    ['a > 1 unless b', 'a'],
    ['a > 1 or b > 2', 'a or b'],
    ['absent(up{job="x"} == 1)', 'absent(up{job="x"} == 1)'],
    ['x > scalar(y) # high', 'x'],
    ['sum by (', null],
  ];
  for (const [expression, without] of cases)
    it(expression, () => {
      assert.equal(withoutFilters(expression), without);
    });
});
