import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { notificationOf } from '../setup/flamepin-client.ts';
import { freePort, waitFor } from '../setup/process.ts';
import { runFlamepin, type Ended } from '../setup/run-flamepin.ts';
import { startAlertmanager, type Prometheus } from '../setup/prometheus.ts';

const toldSchema = z.array(
  z.looseObject({
    outcome: z.string(),
    alert: z.looseObject({
      sender: z.string(),
      labels: z.record(z.string(), z.string()),
    }),
    panel: z.looseObject({ panelId: z.number() }).nullable(),
  }),
);

describe('explain gets its alerts', () => {
  let directory: string;
  let alertmanager: Prometheus;
  let grafana: Grafana;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-inputs-'));
    alertmanager = await startAlertmanager(
      join(directory, 'alertmanager'),
      'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n',
    );
    grafana = await startGrafana();
  });
  after(async () => {
    await alertmanager.stop();
    await grafana.close();
    await rm(directory, { recursive: true, force: true });
  });

  const explain = (args: readonly string[], stdin = ''): Promise<Ended> =>
    runFlamepin(['explain', ...args], {
      cwd: directory,
      stdin,
      env: { FLAMEPIN_GRAFANA_TOKEN: grafana.token },
    });
  /** Decisions alone: what runs on this machine does not matter here. */
  const decided = async (...args: string[]): Promise<z.infer<typeof toldSchema>> => {
    const { code, stdout, stderr } = await explain([...args, '--offline', '--json']);
    assert.equal(code, 0, stderr);
    return toldSchema.parse(JSON.parse(stdout));
  };
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text);
    return name;
  };

  async function post(path: string, body: unknown): Promise<void> {
    const response = await fetch(`${alertmanager.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 200, await response.text());
  }
  const listed = async (query: string): Promise<{ labels: Record<string, string> }[]> => {
    const response = await fetch(`${alertmanager.url}/api/v2/alerts?${query}`);
    return z.array(z.looseObject({ labels: z.record(z.string(), z.string()) })).parse(await response.json());
  };

  it('from a running Alertmanager, without those that are silenced', async () => {
    const now = Date.now();
    const iso = (ms: number): string => new Date(ms).toISOString();
    await post('/api/v2/silences', {
      matchers: [{ name: 'pod', value: 'quiet-1', isRegex: false, isEqual: true }],
      startsAt: iso(now),
      endsAt: iso(now + 3_600_000),
      createdBy: 'test',
      comment: 'test',
    });
    await post(
      '/api/v2/alerts',
      ['loud-1', 'quiet-1'].map((pod) => ({
        labels: { alertname: 'HighLatency', namespace: 'shop', pod },
        annotations: { __dashboardUid__: 'shop', __panelId__: '2' },
        startsAt: iso(now - 60_000),
        endsAt: iso(now + 3_600_000),
        generatorURL: 'http://prometheus:9090/graph?g0.expr=up',
      })),
    );
    await waitFor('the silence', 10_000, async () =>
      (await listed('silenced=false')).length === 1 ? true : undefined,
    );
    const told = await decided('--alertmanager', `${alertmanager.url}/`);
    assert.deepEqual(
      told.map(({ outcome, alert, panel }) => [outcome, alert.labels['pod'], alert.sender, panel?.panelId]),
      [['queued', 'loud-1', 'alertmanager', 2]],
    );

    const saved = await file('alerts.json', JSON.stringify(await listed('active=true')));
    const { code, stdout, stderr } = await explain([saved, '--offline']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /pod loud-1 \(label pod\)/);
    assert.match(stdout, /pod quiet-1 \(label pod\)/);
    assert.match(stderr, /is silenced or inhibited: no notification of it is sent/);

    const amtool = spawn('amtool', [
      'alert',
      'query',
      '-o',
      'json',
      `--alertmanager.url=${alertmanager.url}`,
    ]);
    const piped = await explain(['-', '--offline'], await readText(amtool.stdout));
    assert.match(piped.stdout, /pod loud-1 \(label pod\)/, piped.stderr);
  });

  it('from the configured Grafana', async () => {
    const configuration = await file(
      'grafana.yaml',
      `grafana: {url: "${grafana.url}"}\nroutes: [{matchers: [], target: {host: {}}}]\n`,
    );
    grafana.setAlerts([
      {
        annotations: { __dashboardUid__: 'shop', __panelId__: '7' },
        startsAt: '2026-11-30T04:14:00.000+02:00',
        endsAt: '2026-11-30T04:18:00.000+02:00',
        fingerprint: 'f796f60b324752bc',
        status: { state: 'active', silencedBy: [], inhibitedBy: [] },
        generatorURL: `${grafana.url}/alerting/grafana/abc/view`,
        labels: { __alert_rule_uid__: 'abc', alertname: 'Slow', pod: 'checkout-1' },
      },
    ]);
    const told = await decided('--grafana', '--config', configuration);
    assert.deepEqual(
      told.map(({ outcome, alert, panel }) => [outcome, alert.labels, alert.sender, panel?.panelId]),
      [['queued', { alertname: 'Slow', pod: 'checkout-1' }, 'grafana', 7]],
    );
    assert.ok(grafana.requests.every((request) => request.startsWith('GET ')));
    await grafana.setDown(true);
    try {
      const { code, stderr } = await explain(['--grafana', '--config', configuration]);
      assert.deepEqual([code, /Grafana could not be reached/.test(stderr)], [1, true]);
    } finally {
      await grafana.setDown(false);
    }
    const none = await explain(['--grafana']);
    assert.equal(none.code, 2);
    assert.match(
      none.stderr,
      /grafana: missing.*Set grafana\.url and its token, or pass --alertmanager URL\./,
    );
  });

  it('from labels, and from stdin', async () => {
    const [told] = await decided('--label', 'alertname=HighLatency', '--label', 'path="/a=b"');
    assert.deepEqual(told?.alert.labels, { alertname: 'HighLatency', path: '/a=b' });
    const piped = await explain(['-', '--offline'], notificationOf('f1', { pod: 'checkout-1' }));
    assert.match(piped.stdout, /^HighLatency f1 \(firing\)$/m);
  });

  it('from a file of alerting rules, and says that their series have more labels', async () => {
    const rules = await file(
      'rules.yaml',
      `groups: [{name: a, rules: [{alert: Slow, expr: 'sum by (pod) (x{pod="checkout-1"}) > 1', labels: {severity: page}}]}]`,
    );
    const [told] = await decided(rules);
    assert.deepEqual(told?.alert.labels, { alertname: 'Slow', pod: 'checkout-1', severity: 'page' });
    assert.equal(told?.['moreLabels'], true);
    const { stdout } = await explain([rules, '--offline']);
    assert.match(stdout, /^ {2}labels {7}only those that the rule sets.*may change all of this$/m);
  });

  it('from exactly one place, and says so with exit code 2', async () => {
    for (const [args, said] of [
      [[], /Pass one of: a file \(- for stdin\), --label, --alertmanager, --grafana\./],
      [['x.json', '--label', 'a=b'], /Pass one of/],
      [['--label', 'a'], /Write NAME=VALUE/],
      [['--label', 'a=b', '--label', 'a=c'], /The label a is given twice/],
      [['--alertmanager', 'localhost:9093'], /Write its address: http:\/\//],
      [['--alertmanager', 'http://me:secret@localhost'], /Passwords do not belong on a command line/],
    ] as const) {
      const { code, stdout, stderr } = await explain(args);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, said);
    }
  });

  it('or says what it was given instead, and what to pass', async () => {
    const { port } = (await deaf()).address;
    for (const [args, said] of [
      [[await file('empty.json', '')], /empty\.json is empty/],
      [[await file('text.json', 'not json')], /text\.json holds neither JSON nor rules/],
      [[await file('null.json', 'null')], /null\.json holds null/],
      [
        [await file('status.json', '{"status":"success","data":{}}')],
        /an object with status, data, but neither "alerts" nor "groups"/,
      ],
      [[await file('one.json', '{"labels":{"a":"b"}}')], /one alert: put it in brackets/],
      [
        [await file('list.json', '[{"a":1}]')],
        /alerts\[0\] is not an alert and was left out: it has no labels/,
      ],
      [[await file('version.json', '{"version":"9","alerts":[]}')], /flamepin reads version "4"/],
      [['missing.json'], /The file could not be read/],
      [
        ['--alertmanager', `http://127.0.0.1:${await freePort()}`],
        /The service could not be reached.*ECONNREFUSED/s,
      ],
      [['--alertmanager', `http://127.0.0.1:${port}`], /The service refused the request.*answers 302/s],
      [['--alertmanager', `${grafana.url}/api/health?`], /The service refused the request|finds no alerts/],
    ] as const) {
      const { code, stdout, stderr } = await explain(args);
      assert.deepEqual([code, stdout], [1, ''], stderr);
      assert.match(stderr, said);
    }
    assert.equal((await explain(['-'], '[]')).stderr, 'There are no alerts in it.\n');
  });

  /** A service that sends everybody to its login page. */
  async function deaf(): Promise<{ address: AddressInfo }> {
    const server = createServer((_, response) => {
      response.writeHead(302, { location: '/login' }).end();
    });
    server.listen(0, '127.0.0.1');
    server.unref();
    await once(server, 'listening');
    return { address: server.address() as AddressInfo };
  }
});
