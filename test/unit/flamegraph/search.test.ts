import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameMatcher } from '../../../src/flamegraph/search.ts';

function matches(query: string, name: string): boolean {
  return nameMatcher(query)?.(name) ?? false;
}

describe('searching frames', () => {
  it('finds text without regard to case', () => {
    assert.ok(matches('ruleset', 'com.acme.RuleSet.scan'));
    assert.ok(!matches('rule set', 'com.acme.RuleSet.scan'));
  });

  it('finds by a regular expression between slashes', () => {
    assert.ok(matches('/Rule.*scan$/', 'com.acme.RuleSet.scan'));
    assert.ok(!matches('/^Rule/', 'com.acme.RuleSet.scan'));
  });

  it('takes a broken expression as text', () => {
    assert.ok(matches('/a(b/', 'x/a(b/y'));
  });

  it('finds nothing for an empty query', () => {
    assert.equal(nameMatcher('  '), null);
    assert.equal(nameMatcher('/'), null);
  });

  it('stays quick on an expression that would stall a backtracking engine', () => {
    assert.ok(!matches('/(a+)+(a+)+(a+)+$/', `${'a'.repeat(5000)}!`));
  });
});
