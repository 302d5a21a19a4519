import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wantedFrom } from '../../../src/alerts/labels.ts';
import type { Lead } from '../../../src/alerts/lead.ts';
import { publicRules } from './public-rules.ts';

/** `Deployment shop/checkout`, `service my/shop-a or my-shop/a`, `application: "A B" cannot be a name in Kubernetes`. */
function words({ kind, workloadKind, label, problem, places }: Lead): string {
  if (problem !== null) return `${label}: ${problem}`;
  const names = places.map(({ namespace, name }) => (namespace === null ? name : `${namespace}/${name}`));
  return `${workloadKind ?? (kind === 'pod-guess' ? 'pod?' : kind)} ${names.join(' or ')}`;
}

describe('an alert of a public rule leads to what the rule is about', () => {
  for (const { from, rule, labels, leads, container, uri, method } of publicRules)
    it(`${from}: ${rule}`, () => {
      const wanted = wantedFrom(labels);
      assert.deepEqual(wanted.leads.map(words), leads);
      assert.deepEqual(
        [wanted.container, wanted.uri, wanted.method],
        [container ?? null, uri ?? null, method ?? null],
      );
    });

  it('in a hundred rules and more', () => {
    assert.ok(publicRules.length >= 100, String(publicRules.length));
  });
});
