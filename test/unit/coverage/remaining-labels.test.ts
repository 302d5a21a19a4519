import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recordedBy } from '../../../src/coverage/recorded.ts';
import { remainingLabels } from '../../../src/coverage/remaining-labels.ts';
import type { Shape } from '../../../src/coverage/shape.ts';
import { recordings, remaining, remainingOfRecorded } from '../../given/remaining-labels.ts';
import { ruleExpressions } from '../../given/rule-expressions.ts';

const marks = { kept: '', possible: '?', dropped: '-' } as const;

/** Of those rules, the ones that are there because nobody can read them. */
const notPromql = new Set(['not PromQL', 'a string that never ends']);

function words(shape: Shape | null): string {
  if (shape === null) return 'unreadable';
  const known = [...shape.known]
    .filter(([label]) => label !== '__name__')
    .map(([label, fate]) => (fate.is === 'value' ? `${label}=${fate.value}` : `${label}${marks[fate.is]}`))
    .sort();
  return [...known, ...(shape.rest === 'possible' ? ['*'] : [])].join(' ');
}

describe('the labels that remain of an expression', () => {
  for (const [rule, expression, remains] of remaining)
    it(`${rule}: ${expression.replaceAll('\n', ' ').slice(0, 80)}`, () => {
      assert.equal(words(remainingLabels(expression)), remains);
    });

  it('are read of every rule that the choice of a pod reads', () => {
    for (const { rule, expression } of ruleExpressions)
      assert.equal(remainingLabels(expression) === null, notPromql.has(rule), expression);
  });
});

describe('the labels that remain of a recording rule', () => {
  const recorded = recordedBy(recordings);
  for (const [rule, expression, remains] of remainingOfRecorded)
    it(`${rule}: ${expression}`, () => {
      assert.equal(words(remainingLabels(expression, recorded)), remains);
    });
});

describe('what is not PromQL', () => {
  const texts = [
    'sum by (',
    '',
    'rate({app="shop"} |= "error" [5m])',
    'WITH (x = 1) x > 2',
    '('.repeat(5_000) + 'x' + ')'.repeat(5_000),
    `${'x + '.repeat(50_000)}x`,
  ];
  for (const text of texts)
    it(`is not guessed at: ${text.slice(0, 40)}`, () => {
      assert.equal(remainingLabels(text), null);
    });
});
