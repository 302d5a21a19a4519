import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeLead } from '../../../src/alerts/lead.ts';
import { wantedFrom } from '../../../src/alerts/labels.ts';
import { decide } from '../../../src/routing/decide.ts';
import { settingsSchema } from '../../../src/config/schema.ts';
import { firing } from '../../given/alert.ts';

const settings = (written: object) => settingsSchema.parse(written);
const mapping = (labels: object) => settings({ labels }).labels;
const leads = (labels: Record<string, string>, configured: object) =>
  wantedFrom(labels, mapping(configured)).leads.map(describeLead);

describe('labels of the configuration', () => {
  it('are read before those that flamepin knows', () => {
    const labels = { team_ns: 'shop', svc: 'checkout', namespace: 'monitoring', service: 'gateway' };
    assert.deepEqual(leads(labels, { namespace: ['team_ns'], workload: ['svc'] }), [
      'workload shop/checkout (label svc)',
      'service shop/gateway (label service)',
    ]);
    assert.equal(wantedFrom({ region: 'eu', cluster: 'x' }, mapping({ cluster: ['region'] })).cluster, 'eu');
  });

  it('are taken apart by a pattern; a value that does not fit counts as missing', () => {
    const workload = [{ label: 'svc', pattern: 'svc-(.*)-(?:blue|green)', value: '$1' }, 'component'];
    assert.deepEqual(leads({ svc: 'svc-checkout-blue' }, { workload }), ['workload checkout (label svc)']);
    assert.deepEqual(leads({ svc: 'checkout', component: 'web' }, { workload }), [
      'workload web (label component)',
    ]);
  });

  it('hold hostile text, which is refused as a name', () => {
    assert.deepEqual(leads({ svc: 'a,b=c' }, { workload: ['svc'] }), [
      '"a,b=c" (label svc): leads nowhere, "a,b=c" cannot be a name in Kubernetes',
    ]);
  });

  it('are refused with a pattern that is not RE2', () => {
    assert.throws(() => mapping({ workload: [{ label: 'svc', pattern: '(?=x)' }] }));
    assert.throws(() => mapping({ workload: [{ label: 'svc', pattern: '(' }] }));
  });
});

describe('a target that the route names', () => {
  const queued = (kubernetes: object, labels: Record<string, string>) => {
    const { routes, labels: own } = settings({ routes: [{ matchers: [], target: { kubernetes } }] });
    const decision = decide(
      firing('f1', { labels }),
      {
        mode: 'capture',
        paused: false,
        routes,
        targets: { kubernetes: { sibling: false, namespaces: ['shop'] }, docker: { sibling: false } },
        machine: { names: ['vm-1'], addresses: [], containerSubnets: [] },
        labels: own,
        panels: [],
      },
      { now: 0, newId: () => 'id', deadlineMs: 1, queueLimit: 1 },
    );
    assert.equal(decision.outcome, 'queued');
    return decision.outcome === 'queued' ? decision.request.target.fixed : undefined;
  };
  const said = (labels: Record<string, string>, fixed: Record<string, string> | undefined) => {
    const wanted = wantedFrom(labels, undefined, fixed);
    return [...wanted.leads.map(describeLead), wanted.container];
  };

  it('needs no label of the alert, and none of them leads elsewhere', () => {
    const labels = {
      alertname: 'ErrorBudgetBurn',
      pod: 'prometheus-0',
      namespace: 'monitoring',
      instance: '10.1.1.1:1',
    };
    const fixed = queued({ namespace: 'shop', deployment: 'checkout', container: 'app' }, labels);
    assert.deepEqual(said(labels, fixed), [
      'Deployment shop/checkout (label target.kubernetes.deployment of the route)',
      'app',
    ]);
  });

  it('may be made of labels', () => {
    const labels = { alertname: 'ErrorBudgetBurn', team: 'shop', sloth_service: 'checkout' };
    const fixed = queued({ namespace: '{team}', statefulset: '{sloth_service}-db' }, labels);
    assert.deepEqual(said(labels, fixed).slice(0, 1), [
      'StatefulSet shop/checkout-db (label target.kubernetes.statefulset of the route)',
    ]);
  });

  it('may be a namespace alone, and then the labels say the rest', () => {
    const labels = { deployment: 'checkout', namespace: 'monitoring' };
    assert.deepEqual(said(labels, queued({ namespace: 'shop' }, labels)).slice(0, 1), [
      'Deployment shop/checkout (label deployment)',
    ]);
  });

  it('made of a label that is missing or hostile leads nowhere', () => {
    for (const team of ['../etc', ''])
      assert.match(
        String(said({ team }, { namespace: 'shop', deployment: team })[0]),
        /leads nowhere, .* cannot be a name in Kubernetes$/,
      );
  });

  it('is refused in the file where it can be no name, or names two', () => {
    const refused = (kubernetes: object) =>
      assert.throws(() => settings({ routes: [{ matchers: [], target: { kubernetes } }] }));
    refused({ namespace: 'Shop' });
    refused({ deployment: 'a b' });
    refused({ deployment: '{team' });
    refused({ deployment: 'a', statefulset: 'b' });
  });
});
