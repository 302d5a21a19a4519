import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

const bin = join(import.meta.dirname, '..', '..', 'bin', 'flamepin.js');

describe('commands for the operator', () => {
  const closing = new AsyncDisposableStack();
  let directory: string;
  let grafana: Grafana;
  let s3: S3Server;
  let configuration: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-commands-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    s3 = await startS3();
    closing.defer(() => s3.stop());
    grafana = await startGrafana();
    closing.defer(() => grafana.close());
    configuration = await file(
      'flamepin.yaml',
      `storage:
  s3: {bucket: ${s3.bucket}, endpoint: "${s3.endpoint}", region: ${s3.region}, forcePathStyle: true}
retention: {recordings: 36h, profiles: 30d}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
grafana:
  url: ${grafana.url}
  panels:
    - {matchers: ['alertname="A"'], dashboardUid: shop, panelId: 2}
    - {matchers: ['alertname="B"'], dashboardUid: shop, panelId: 3}
    - {matchers: ['alertname="C"'], dashboardUid: shop, panelId: 8}
    - {matchers: ['alertname="D"'], dashboardUid: shop}
    - {matchers: ['alertname="E"'], dashboardUid: shop, panelId: 99}
links:
  - {name: Pyroscope, url: "https://pyroscope.example.com/?query={workload}&from={fromSeconds}"}
  - {name: Wiki, url: "https://wiki.example.com/{workload}"}
`,
    );
  });
  beforeEach(() => grafana.setRights({ readAnnotations: true, writeAnnotations: true }));
  after(() => closing.disposeAsync());

  async function file(name: string, text: string): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, text);
    return path;
  }

  function flamepin(...args: string[]): Promise<Ran> {
    const { accessKeyId, secretAccessKey } = s3.credentials;
    const environment = {
      FLAMEPIN_GRAFANA_TOKEN: grafana.token,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [bin, ...args],
        { timeout: 60_000, env: { ...process.env, ...environment } },
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }

  it('print the lifecycle rules to merge, by prefix or by tag, and warn about PUT', async () => {
    const byPrefix = await flamepin('lifecycle', '--config', configuration);
    assert.equal(byPrefix.code, 0, byPrefix.stderr);
    const { Rules: rules } = JSON.parse(byPrefix.stdout) as {
      Rules: { Filter: unknown; Expiration: unknown }[];
    };
    assert.deepEqual(
      rules.map(({ Filter, Expiration }) => [Filter, Expiration]),
      [
        [{ Prefix: 'flamepin/recordings/' }, { Days: 2 }],
        [{ Prefix: 'flamepin/captures/' }, { Days: 30 }],
      ],
    );
    assert.match(byPrefix.stderr, /replaces all rules of a bucket/);
    const byTag = await flamepin('lifecycle', '--by', 'tag', '--config', configuration);
    assert.match(byTag.stdout, /"Key": "flamepin",\s+"Value": "recording"/);
  });

  it('refuse lifecycle rules where there is no bucket, and rules by tag where there are no tags', async () => {
    assert.deepEqual((await flamepin('lifecycle')).code, 2);
    const untagged = await file('untagged.yaml', 'storage: {s3: {bucket: profiles, tags: false}}\n');
    const { code, stderr } = await flamepin('lifecycle', '--by', 'tag', '--config', untagged);
    assert.deepEqual([code, /storage\.s3\.tags/.test(stderr)], [2, true]);
  });

  it('check what marks each mapped panel will get, and whether signed links open', async () => {
    const { code, stdout } = await flamepin('doctor', '--config', configuration);
    assert.equal(code, 1, 'a panel is missing');
    for (const line of [
      /✓ store \(s3\): written, listed, read, opened by a signed link and deleted/,
      /✓ Grafana: answers; the token may read annotations/,
      /✓ panel shop \/ 2: "Checkout latency, p99", draws annotations/,
      /✓ panel shop \/ 3: "Error budget" \(type stat\) draws no annotations: marks go on every panel/,
      /✓ panel shop \/ 8: "CPU of \$pod", repeated: the mark appears on every copy/,
      /✓ panel shop \/ whole dashboard: found/,
      /✗ panel shop \/ 99: The dashboard or panel of the alert does not exist/,
      /✓ link \(Pyroscope\): well formed; uses workload, fromSeconds$/m,
      /✓ link \(Wiki\): .*has no time/,
    ])
      assert.match(stdout, line);
  });

  it('name the right that Grafana refuses', async () => {
    grafana.setRights({ readAnnotations: false, writeAnnotations: false });
    const { stdout } = await flamepin('doctor', '--config', configuration);
    assert.match(stdout, /✗ Grafana: .*Permissions needed: annotations:read/);
    assert.match(stdout, /✗ panel shop \/ 2: .*is not allowed to create, edit and delete annotations/);
  });

  describe('explain', () => {
    let notification: string;
    before(async () => {
      const expression = 'histogram_quantile(0.99, sum by (le) (rate(checkout_seconds_bucket[5m]))) > 0.5';
      notification = await file(
        'notification.json',
        JSON.stringify({
          version: '4',
          status: 'firing',
          alerts: [
            {
              status: 'firing',
              labels: { alertname: 'HighLatency', pod: 'checkout-1' },
              annotations: {},
              startsAt: '2026-11-23T02:14:00Z',
              endsAt: '0001-01-01T00:00:00Z',
              generatorURL: `http://prometheus/graph?g0.expr=${encodeURIComponent(expression)}`,
              fingerprint: '9f1c0a7be2d34c55',
            },
          ],
        }),
      );
    });

    it('suggests the panel with the rule’s query when asked, and marks it as a suggestion', async () => {
      const { code, stdout, stderr } = await flamepin(
        'explain',
        '--suggest',
        '--config',
        configuration,
        notification,
      );
      assert.equal(code, 0, stderr);
      assert.match(stdout, /panel\s+unknown\n\s+suggestion\s+shop \/ 2 "Checkout latency, p99"/);
    });

    it('asks Grafana nothing unasked', async () => {
      const asked = grafana.requests.length;
      const { stdout } = await flamepin('explain', '--config', configuration, notification);
      assert.match(stdout, /panel\s+unknown\n$/);
      assert.equal(grafana.requests.length, asked);
    });

    it('works without Grafana, and says why nothing is suggested', async () => {
      await grafana.setDown(true);
      try {
        const { code, stdout, stderr } = await flamepin(
          'explain',
          '--suggest',
          '--config',
          configuration,
          notification,
        );
        assert.deepEqual([code, /panel\s+unknown/.test(stdout)], [0, true]);
        assert.match(stderr, /No panel can be suggested: Grafana could not be reached/);
      } finally {
        await grafana.setDown(false);
      }
    });
  });
});
