import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pageOf } from '../../../src/commands/explain-page.ts';
import { settingsSchema } from '../../../src/config/schema.ts';
import { explainDecision } from '../../../src/routing/explain.ts';
import { firing } from '../../given/alert.ts';

const settings = settingsSchema.parse({ routes: [{ matchers: [], target: { kubernetes: {} } }] });

/** What explain prints of an alert with these labels, without asking anybody. */
function rowsFor(labels: Record<string, string>): string[] {
  const explanation = explainDecision(firing('f', { labels }), {
    mode: 'capture',
    paused: false,
    routes: settings.routes,
    targets: { kubernetes: { sibling: false }, docker: { sibling: false } },
    machine: { names: ['vm-1'], addresses: [], containerSubnets: [] },
    panels: [],
  });
  const page = pageOf(
    {
      explanation,
      finding: { result: 'not-looked-for' },
      sent: [],
      commands: [],
      moreLabels: false,
      suggested: null,
    },
    settings.limits,
  );
  return page.split('\n').filter((line) => line.startsWith('  labels say'));
}

describe('what the labels say', () => {
  it('is told in words that people use, each with its label', () => {
    assert.deepEqual(rowsFor({ alertname: 'A', namespace: 'shop', horizontalpodautoscaler: 'checkout' }), [
      '  labels say   namespace shop (label namespace), autoscaler checkout (label horizontalpodautoscaler)',
    ]);
    assert.deepEqual(rowsFor({ alertname: 'A', namespace: 'shop', instance: '10.1.2.3:8080' }), [
      '  labels say   namespace shop (label namespace), host 10.1.2.3 (label instance), pod address 10.1.2.3 (label instance)',
    ]);
    assert.deepEqual(rowsFor({ alertname: 'A', namespace: 'shop', name: 'checkout-1' }), [
      '  labels say   namespace shop (label namespace), container name checkout-1 (label name)',
    ]);
  });

  it('is nothing where no label leads to a JVM', () => {
    assert.deepEqual(rowsFor({ alertname: 'A' }), ['  labels say   nothing that leads to a JVM']);
  });
});
