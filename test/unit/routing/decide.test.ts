import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseNotification } from '../../../src/alerts/notification.ts';
import { settingsSchema } from '../../../src/config/schema.ts';
import { closestRoute, decide, decideAll, type RoutingRules } from '../../../src/routing/decide.ts';
import { explainDecision } from '../../../src/routing/explain.ts';
import { wantedFrom } from '../../../src/alerts/labels.ts';
import { leadEvent, leadEventTable } from '../../../src/routing/lead-event.ts';
import { workloadKey } from '../../../src/routing/workload-key.ts';
import type { Alert } from '../../../src/alerts/alert.ts';

const now = Date.parse('2026-11-23T02:00:00Z');
const moment = { now, newId: () => 'c-1', deadlineMs: 120_000, queueLimit: 100 };

function rules(routes: unknown[], change: Partial<RoutingRules> = {}): RoutingRules {
  return {
    mode: 'capture',
    paused: false,
    routes: settingsSchema.parse({ routes }).routes,
    targets: { kubernetes: { sibling: false }, docker: { sibling: false } },
    machine: { names: ['vm-1'], addresses: ['10.0.0.5'], containerSubnets: [] },
    panels: [],
    ...change,
  };
}

function alertsOf(name: string): Alert[] {
  const url = new URL(`../../fixtures/notifications/${name}.json`, import.meta.url);
  return parseNotification(JSON.parse(readFileSync(url, 'utf8')), { source: 'am', sender: 'alertmanager' })
    .alerts;
}
function first(name: string): Alert {
  const [alert] = alertsOf(name);
  assert.ok(alert);
  return alert;
}
const latency = first('alertmanager-0.25');
const everything = { matchers: [], target: { kubernetes: {} } };
const outcome = (alert: Alert, given: RoutingRules) => {
  const decision = decide(alert, given, moment);
  return [decision.outcome, 'reason' in decision ? decision.reason.code : null];
};

describe('an alert that matches a route', () => {
  it('is captured as its first matching route says', () => {
    const decision = decide(
      latency,
      rules([
        { matchers: ['severity="info"'], target: { host: {} } },
        {
          matchers: ['alertname=~".*Latency.*"', 'severity="critical"'],
          duration: '20s',
          cooldown: '5m',
          target: { kubernetes: { process: '.*shop.*' } },
        },
        everything,
      ]),
      moment,
    );
    assert.deepEqual(decision, {
      alert: latency,
      outcome: 'queued',
      id: 'c-1',
      request: {
        target: { kind: 'kubernetes', process: '.*shop.*', uri: null },
        event: 'wall',
        durationSeconds: 20,
        cooldownSeconds: 300,
        purpose: 'alert',
        sibling: false,
      },
      panel: null,
      workloadKey: 'kubernetes/prod-eu/shop/Deployment/checkout',
      deadlineAt: now + 120_000,
      queueLimit: 100,
    });
  });

  it("leads with the route's event when it has one", () => {
    const decision = decide(latency, rules([{ ...everything, event: 'lock' }]), moment);
    assert.equal(decision.outcome === 'queued' && decision.request.event, 'lock');
  });
});

describe('a healthy sibling is profiled in the same window', () => {
  const told = (target: object, sibling: boolean): (boolean | undefined)[] => {
    const kubernetes = { protectOnlyReplica: false, requireOptIn: false, sibling };
    const given = rules([{ matchers: [], target }], { targets: { kubernetes, docker: { sibling: false } } });
    const decision = decide(latency, given, moment);
    return [
      decision.outcome === 'queued' ? decision.request.sibling : undefined,
      explainDecision(latency, given).target?.sibling,
    ];
  };

  it('when the route says so, or all Kubernetes targets and not the route; explain shows it', () => {
    assert.deepEqual(told({ kubernetes: { sibling: true } }, false), [true, true]);
    assert.deepEqual(told({ kubernetes: {} }, true), [true, true]);
    assert.deepEqual(told({ kubernetes: { sibling: false } }, true), [false, false]);
    assert.deepEqual(told({ kubernetes: {} }, false), [false, false]);
    assert.deepEqual(told({ host: {} }, true), [false, false], 'a host has none');
  });
});

describe('an alert that is not profiled has a reason', () => {
  it('resolved, test, no data, error', () => {
    const all = rules([everything]);
    const [, resolved] = alertsOf('alertmanager-0.25');
    assert.ok(resolved);
    assert.deepEqual(outcome(resolved, all), ['resolved', null]);
    assert.deepEqual(outcome(first('grafana-resolved'), all), ['resolved', null]);
    assert.deepEqual(outcome(first('grafana-test'), all), ['ignored', 'test-alert']);
    assert.deepEqual(outcome(first('grafana-nodata'), all), ['ignored', 'no-data-alert']);
    assert.deepEqual(outcome(first('grafana-error'), all), ['ignored', 'no-data-alert']);
  });

  it('no route: names the closest one and the matcher that failed', () => {
    const given = rules([
      { matchers: ['team="x"', 'severity="page"'], target: { host: {} } },
      { matchers: ['severity="critical"', 'namespace="pay"'], target: { host: {} } },
    ]);
    assert.deepEqual(outcome(latency, given), ['unrouted', 'no-route']);
    assert.deepEqual(closestRoute(latency, given.routes), {
      index: 1,
      failed: [{ matcher: 'namespace="pay"', value: 'shop' }],
    });
    const decision = decide(latency, given, moment);
    assert.match(
      'reason' in decision ? decision.reason.detail : '',
      /routes\[1\], where namespace="pay" fails: the label is "shop"/,
    );
    assert.deepEqual(outcome(latency, rules([])), ['unrouted', 'no-route']);
  });

  it('labels that name no target of the route’s kind', () => {
    const bare: Alert = { ...latency, labels: { alertname: 'A', severity: 'critical' } };
    assert.deepEqual(outcome(bare, rules([everything])), ['unmappable', 'no-target-labels']);
    assert.deepEqual(outcome(bare, rules([{ matchers: [], target: { docker: {} } }])), [
      'unmappable',
      'no-target-labels',
    ]);
    assert.deepEqual(outcome(bare, rules([{ matchers: [], target: { ssh: {} } }])), [
      'unmappable',
      'no-target-labels',
    ]);
    assert.deepEqual(outcome(bare, rules([{ matchers: [], target: { host: {} } }])), ['queued', null]);
  });

  it('a host that the inventory of SSH targets does not have, or two that it has', () => {
    const about = (labels: Record<string, string>): Alert => ({
      ...latency,
      labels: { alertname: 'A', ...labels },
    });
    const given = rules([{ matchers: [], target: { ssh: {} } }], {
      targets: { kubernetes: { sibling: false }, docker: { sibling: false }, ssh: { hosts: ['app-[0-9]+'] } },
    });
    assert.deepEqual(outcome(about({ instance: 'app-1:8080' }), given), ['queued', null]);
    assert.deepEqual(outcome(about({ instance: 'db-1:8080' }), given), ['not-here', 'not-here']);
    assert.deepEqual(outcome(about({ nodename: 'app-1', instance: 'app-2:8080' }), given), [
      'unmappable',
      'target-ambiguous',
    ]);
  });

  it('another cluster, another namespace', () => {
    const kubernetes = { protectOnlyReplica: false, requireOptIn: false, sibling: false };
    const given = (change: object) =>
      rules([everything], {
        targets: { kubernetes: { ...kubernetes, ...change }, docker: { sibling: false } },
      });
    assert.deepEqual(outcome(latency, given({ cluster: 'prod-us' })), ['unmappable', 'other-cluster']);
    assert.deepEqual(outcome(latency, given({ cluster: 'prod-eu' })), ['queued', null]);
    assert.deepEqual(outcome(latency, given({ namespaces: ['pay'] })), [
      'unmappable',
      'namespace-not-configured',
    ]);
    assert.deepEqual(outcome(latency, given({ namespaces: ['pay', 'shop'] })), ['queued', null]);
  });

  it('paused, or in observe mode', () => {
    assert.deepEqual(outcome(latency, rules([everything], { paused: true })), ['paused', 'paused']);
    assert.deepEqual(outcome(latency, rules([everything], { mode: 'observe' })), [
      'observed',
      'observe-mode',
    ]);
  });
});

describe('the lead event, when the route names none', () => {
  for (const [name, event] of [
    ['HighLatency', 'wall'],
    ['Checkout is slow', 'wall'],
    ['RequestDurationP99', 'wall'],
    ['http_p95_high', 'wall'],
    ['CPUThrottlingHigh', 'cpu'],
    ['HighCpuUsage', 'cpu'],
    ['JvmMemoryFillingUp', 'alloc'],
    ['HeapUsageHigh', 'alloc'],
    ['JvmGcDurationHigh', 'alloc'],
    ['HighGCPause', 'alloc'],
    ['high_allocation_rate', 'alloc'],
    ['LockContention', 'lock'],
    ['GcpPubsubLatencyHigh', 'wall'],
    ['ApiResponse_TimeTooHigh', 'wall'],
    ['TooManyHttp500', 'cpu'],
    ['HighErrorRate', 'cpu'],
    ['', 'cpu'],
  ] as const)
    it(`${name || '(no name)'} leads with ${event}`, () => {
      assert.equal(leadEvent(name).event, event);
    });
});

it('the table in the documentation is the one that is used', () => {
  const squeeze = (text: string) => text.replaceAll(/ +/g, ' ');
  const page = squeeze(readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8'));
  const list = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(', ');
  for (const { event, parts, words } of leadEventTable) {
    const row = squeeze(`| ${event} | ${list(parts)} | ${list(words)} |`);
    assert.ok(page.includes(row), row);
  }
});

describe('the first key of the cooldown', () => {
  const key = (labels: Record<string, string>) =>
    workloadKey({ kind: 'kubernetes', process: null }, wantedFrom(labels), labels);

  it('is shared by the pods of a Deployment; other pods have their own', () => {
    const pod = (name: string) => key({ namespace: 'shop', pod: name });
    assert.equal(pod('checkout-7d9f8c6b5-x2x4z'), pod('checkout-7d9f8c6b5-q4k7p'));
    assert.equal(pod('checkout-7d9f8c6b5-x2x4z'), key({ namespace: 'shop', deployment: 'checkout' }));
    assert.notEqual(pod('checkout-0'), pod('checkout-1'));
    assert.notEqual(pod('order-service-alpha'), pod('order-service-gamma'));
  });

  it('tells the systemd units of one host apart', () => {
    for (const kind of ['host', 'ssh'] as const) {
      const of = (name: string) => {
        const labels = { instance: 'app-1:9100', name };
        return workloadKey({ kind, process: null }, wantedFrom(labels), labels);
      };
      assert.equal(of('shop@1.service'), of('shop@1.service'));
      assert.notEqual(of('shop@1.service'), of('shop@2.service'));
    }
  });

  it('cannot be forged for another namespace, and is bounded', () => {
    assert.notEqual(
      key({ namespace: 'a', deployment: 'b' }),
      key({ namespace: 'a/Deployment', deployment: 'b' }),
    );
    assert.ok(key({ namespace: 'x'.repeat(4096), deployment: '\ud800' }).length < 300);
  });
});

describe('explain', () => {
  it('shows for each alert what would be done, and why', () => {
    const told = explainDecision(latency, rules([everything]));
    assert.deepEqual(
      {
        outcome: told.outcome,
        route: told.route?.index,
        event: told.event,
        target: told.target,
        pod: [told.wanted.pod, told.wanted.from['pod']],
        expression: told.expression,
      },
      {
        outcome: 'queued',
        route: 0,
        event: { event: 'wall', because: 'the name mentions latency' },
        target: {
          kind: 'kubernetes',
          process: null,
          workloadKey: 'kubernetes/prod-eu/shop/Deployment/checkout',
          sibling: false,
        },
        pod: ['checkout-7d9f8c6b5-x2x4z', 'pod'],
        expression: 'histogram_quantile(0.99, sum by (le, pod) (rate(http_seconds_bucket[5m]))) > 2',
      },
    );
  });

  it('agrees with what is done for every notification', () => {
    const given = rules([{ matchers: ['namespace="shop"'], target: { kubernetes: {} } }]);
    for (const name of [
      'alertmanager-0.25',
      'alertmanager-0.34',
      'grafana-13',
      'grafana-test',
      'grafana-nodata',
    ])
      for (const alert of alertsOf(name))
        assert.equal(explainDecision(alert, given).outcome, decide(alert, given, moment).outcome);
  });

  it('names the closest route of an unrouted alert', () => {
    const told = explainDecision(latency, rules([{ matchers: ['severity="info"'], target: { host: {} } }]));
    assert.deepEqual(told.closest, { index: 0, failed: [{ matcher: 'severity="info"', value: 'critical' }] });
  });

  it('finds the panel of Grafana and of kube-prometheus', () => {
    assert.deepEqual(explainDecision(first('grafana-13'), rules([everything])).panel, {
      dashboardUid: 'shop-overview',
      panelId: 7,
      foundBy: "Grafana's panelURL",
    });
    assert.equal(explainDecision(first('alertmanager-0.34'), rules([everything])).panel?.panelId, 2);
    assert.equal(
      explainDecision(first('grafana-by-external-alertmanager'), rules([everything])).panel?.panelId,
      7,
    );
  });
});

describe('a notification with one alert that flamepin fails on', () => {
  it('keeps all the others, and reports its own fault on that one', () => {
    const bad: Alert = { ...latency, fingerprint: 'bad0', labels: { alertname: 'Breaks' } };
    const [route] = rules([everything]).routes;
    assert.ok(route);
    const breaking: RoutingRules['routes'][number] = {
      ...route,
      matchers: [
        {
          text: 'breaks="on one"',
          name: 'breaks',
          operator: '=',
          value: 'on one',
          matches: (labels) => {
            if (labels['alertname'] === 'Breaks') throw new TypeError('a fault of ours');
            return true;
          },
        },
      ],
    };
    const told: string[] = [];
    const decisions = decideAll(
      [latency, bad, latency],
      { ...rules([]), routes: [breaking] },
      moment,
      (alert) => told.push(alert.fingerprint),
    );
    assert.deepEqual(
      decisions.map((each) => [each.outcome, 'reason' in each ? each.reason.code : null]),
      [
        ['queued', null],
        ['unmappable', 'internal-error'],
        ['queued', null],
      ],
    );
    assert.deepEqual(told, ['bad0']);
  });
});
