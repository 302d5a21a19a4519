import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileMatchers } from '../../../src/routing/matchers.ts';
import { findPanel, fromUrl, suggestPanels } from '../../../src/routing/panel.ts';
import type { Alert } from '../../../src/alerts/alert.ts';
import { firing } from '../../given/alert.ts';

const alert = (change: Partial<Alert> = {}): Alert =>
  firing('3f1f0a9d2c7b4e65', {
    labels: { alertname: 'HighLatency' },
    annotations: {},
    generatorUrl: '',
    ...change,
  });

const rules = [
  { matchers: compileMatchers('alertname="HighLatency"'), dashboardUid: 'map', panelId: 4 },
  { matchers: [], dashboardUid: 'rest' },
];
const found = (change: Partial<Alert>, map = rules) => {
  const panel = findPanel(alert(change), map);
  return panel === null ? null : [panel.dashboardUid, panel.panelId];
};

describe('the panel of an alert', () => {
  it("is first what Grafana's private annotations say", () => {
    const annotations = { __dashboardUid__: 'abc', __panelId__: '7' };
    assert.deepEqual(found({ annotations, panelUrl: 'https://g/d/other?viewPanel=1' }), ['abc', 7]);
    assert.deepEqual(found({ annotations: { __dashboardUid__: 'abc' } }), ['abc', null]);
    assert.deepEqual(found({ annotations: { __dashboardUid__: 'abc', __panelId__: 'x' } }), ['abc', null]);
  });

  it("is then in Grafana's own links", () => {
    assert.deepEqual(
      found({
        panelUrl: 'https://wrong.host/grafana/d/shop-overview?from=1&orgId=1&to=2&viewPanel=7',
        dashboardUrl: 'https://wrong.host/grafana/d/shop-overview',
      }),
      ['shop-overview', 7],
    );
    assert.deepEqual(found({ dashboardUrl: '/d/shop-overview/slug' }), ['shop-overview', null]);
  });

  it('is next taken from annotations in common use', () => {
    assert.deepEqual(found({ annotations: { grafana_dashboard_id: 'uid/slug', grafana_panel_id: '12' } }), [
      'uid',
      12,
    ]);
    assert.deepEqual(found({ annotations: { dashboard_url: 'https://g/d/cert/x?panelId=3&fullscreen' } }), [
      'cert',
      3,
    ]);
    assert.deepEqual(found({ labels: { grafana_dashboard_link: 'https://g/d/a?viewPanel=panel-9' } }), [
      'a',
      9,
    ]);
  });

  it("is then in the operator's map, where the first entry that matches wins", () => {
    assert.deepEqual(found({}), ['map', 4]);
    assert.deepEqual(found({ labels: {} }), ['rest', null]);
    assert.equal(findPanel(alert(), rules)?.foundBy, 'grafana.panels[0]');
  });

  it('is last known for kube-prometheus’s CPUThrottlingHigh; nothing else is guessed', () => {
    assert.deepEqual(found({ labels: { alertname: 'CPUThrottlingHigh' } }, []), [
      '6581e46e4e5c7ba40a07646395ef7b23',
      2,
    ]);
    assert.equal(found({}, []), null);
  });

  it('is read from path and query, whatever the host', () => {
    const read = (url: string) => {
      const panel = fromUrl(url, 'x');
      return panel === null ? null : [panel.dashboardUid, panel.panelId];
    };
    assert.deepEqual(read('http://x/d-solo/abc/name?panelId=2'), ['abc', 2]);
    assert.deepEqual(read('http://x/d/abc?viewPanel=panel-2-clone-1'), ['abc', 2]);
    for (const url of [
      '',
      'http://x/',
      'http://x/explore',
      'http://x/d/',
      'http://x/d/a%2e%2e%2fb',
      'http://[',
      'd',
    ])
      assert.equal(read(url), null, url);
  });

  it('accepts only ids that Grafana could have', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab-9\0\n"\'<&$\\:/.\ud800é😀') }),
        fc.string(),
        (uid, panel) => {
          const result = findPanel(
            alert({
              annotations: { __dashboardUid__: uid, __panelId__: panel },
              panelUrl: `http://g/d/${uid}?viewPanel=${panel}`,
            }),
            [],
          );
          if (result === null) return;
          assert.match(result.dashboardUid, /^[A-Za-z0-9_-]{1,40}$/);
          assert.ok(result.panelId === null || result.panelId > 0);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('panels that show the expression of the rule', () => {
  const generatorUrl = `http://p/graph?g0.expr=${encodeURIComponent('sum by (pod) (rate(x[5m])) > 0.5')}&g0.tab=1`;
  const query = { dashboardUid: 'a', panelId: 1, title: 'X', expression: 'sum by(pod)(rate(x[5m]))' };

  it('are suggested ignoring threshold and white space', () => {
    assert.deepEqual(suggestPanels(generatorUrl, [{ ...query, expression: 'up' }, query]), [query]);
  });

  it('are not suggested without an expression', () => {
    assert.deepEqual(suggestPanels('', [query]), []);
    assert.deepEqual(suggestPanels('http://p/graph', [query]), []);
  });
});
