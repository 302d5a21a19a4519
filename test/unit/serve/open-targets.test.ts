import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadConfiguration } from '../../../src/config/load.ts';
import { openTargets } from '../../../src/serve/open-targets.ts';
import { grafanaRulesAccess, prometheusAccess } from '../../../src/serve/prometheus-access.ts';
import { kubeconfigFor } from '../../given/kubeconfig.ts';
import { queryNow } from '../../../src/targets/kubernetes/choice/prometheus.ts';

describe('a cluster that cannot be opened', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-open-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('is opened by a later alert once its kubeconfig exists, and never delays a stop', async () => {
    const kubeconfig = join(directory, 'kubeconfig');
    const file = join(directory, 'flamepin.yaml');
    await writeFile(
      file,
      `targets: {kubernetes: {kubeconfig: ${kubeconfig}}}\nroutes: [{matchers: [], target: {kubernetes: {}}}]\n`,
    );
    const targets = openTargets(loadConfiguration(file, {}));
    await assert.rejects(targets.get('kubernetes'), { code: 'exec-unavailable' });
    await targets.close();
    await writeFile(kubeconfig, kubeconfigFor('https://127.0.0.1:1'));
    await targets.get('kubernetes');
    await targets.close();
  });
});

it('the choice of a pod gets the addresses and the tokens of the configuration', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-access-'));
  try {
    const file = join(directory, 'flamepin.yaml');
    await writeFile(
      file,
      'prometheus: {url: "http://p/prometheus/", rulesUrl: "http://vmalert:8880"}\ngrafana: {url: "http://g"}\n',
    );
    const configuration = loadConfiguration(file, { FLAMEPIN_GRAFANA_TOKEN: 'secret' });
    const { url, rulesUrl } = prometheusAccess(configuration) ?? {};
    assert.deepEqual([url, rulesUrl], ['http://p/prometheus', 'http://vmalert:8880']);
    const grafana = grafanaRulesAccess(configuration);
    assert.deepEqual([grafana?.url, grafana?.token?.read()], ['http://g', 'secret']);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

describe("Prometheus is asked for the slow pod's own numbers", () => {
  it('uses the token from the environment', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] } }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const url = `http://127.0.0.1:${address.port}`;
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-prometheus-'));
    try {
      const file = join(directory, 'flamepin.yaml');
      await writeFile(file, `prometheus: {url: "${url}"}\nroutes: []\n`);
      const { secrets } = loadConfiguration(file, {
        FLAMEPIN_PROMETHEUS_BEARER_TOKEN: 'from-the-environment',
      });
      await queryNow({ url, token: secrets.prometheusToken }, 'up', AbortSignal.timeout(10_000));
      await queryNow({ url }, 'up', AbortSignal.timeout(10_000));
      const basic = { username: 'u', password: { read: () => 'p' } };
      await queryNow({ url, basic }, 'up', AbortSignal.timeout(10_000));
      assert.equal(asked.pop(), `Basic ${Buffer.from('u:p').toString('base64')}`);
      assert.deepEqual(asked, ['Bearer from-the-environment', undefined]);
    } finally {
      server.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
