import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { kubeconfigFor } from '../given/kubeconfig.ts';
import { strictCluster, type StrictCluster } from '../given/strict-cluster.ts';
import { freePort } from '../setup/process.ts';
import { runFlamepin, type Ended } from '../setup/run-flamepin.ts';

const pods = ['web-7d9f-a', 'web-7d9f-b'];
const labels = ['--label', 'alertname=HighLatency', '--label', 'namespace=shop', '--label', 'deployment=web'];

describe('explain, when somebody cannot be asked', () => {
  let directory: string;
  let cluster: StrictCluster;
  let nobody: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-unanswered-'));
    cluster = await strictCluster([{ kind: 'Deployment', namespace: 'shop', name: 'web', pods }]);
    nobody = `http://127.0.0.1:${await freePort()}`;
  });
  after(async () => {
    await cluster[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function explain(configuration: string, ...args: string[]): Promise<Ended> {
    await writeFile(join(directory, 'flamepin.yaml'), configuration);
    return runFlamepin(['explain', '--config', 'flamepin.yaml', ...args], {
      cwd: directory,
      env: { KUBECONFIG: '/nowhere', HOME: directory },
    });
  }

  async function inCluster(server: string, token = 'test'): Promise<string> {
    const kubeconfig = join(directory, 'kubeconfig');
    await writeFile(kubeconfig, kubeconfigFor(server, token));
    return `routes: [{matchers: [], target: {kubernetes: {}}}]\ntargets: {kubernetes: {kubeconfig: ${kubeconfig}}}\n`;
  }

  it('says that the API server is away, once, what it would have been asked, and exits with 1', async () => {
    const two = JSON.stringify(
      ['web', 'other'].map((deployment) => ({
        labels: { alertname: 'HighLatency', namespace: 'shop', deployment },
        startsAt: '2026-11-30T02:14:00Z',
      })),
    );
    await writeFile(join(directory, 'two.json'), two);
    const { code, stdout, stderr } = await explain(await inCluster(nobody), 'two.json');
    assert.equal(code, 1, stderr);
    assert.equal(stdout.match(/^ {2}then {9}not known$/gm)?.length, 2, stdout);
    assert.match(
      stdout,
      /^ {2}because {6}The API server, engine or host could not be reached\. \(.*ECONNREFUSED/m,
    );
    assert.equal(stdout.match(/^ {2}asked {8}GET .*: ECONNREFUSED$/gm)?.length, 1);
    assert.match(stdout, /^ {2}command {6}GET \/apis\/apps\/v1\/namespaces\/shop\/deployments\/other$/m);
  });

  it('says that there is no kubeconfig', async () => {
    const { code, stdout } = await explain('routes: [{matchers: [], target: {kubernetes: {}}}]', ...labels);
    assert.equal(code, 1);
    assert.match(stdout, /^ {2}outcome {6}queued\n {2}then {9}not known$/m);
  });

  it('says that the API server refuses to answer', async () => {
    const { code, stdout } = await explain(await inCluster(cluster.server, 'wrong'), ...labels);
    assert.equal(code, 1);
    assert.match(stdout, /^ {2}because {6}.*\(Unauthorized\)$/m);
  });

  it('says that Prometheus is away, and what happens without it', async () => {
    const configuration = `${await inCluster(cluster.server)}prometheus: {url: "${nobody}"}\n`;
    const alert = {
      labels: { alertname: 'HighLatency', namespace: 'shop', deployment: 'web' },
      startsAt: '2026-11-30T02:14:00Z',
      generatorURL: 'http://prometheus/graph?g0.expr=sum(rate(x_total%5B5m%5D))%20%3E%201',
    };
    await writeFile(join(directory, 'one.json'), JSON.stringify([alert]));
    const { code, stdout } = await explain(configuration, 'one.json');
    assert.equal(code, 1);
    assert.match(stdout, /^ {2}asked {8}POST http:\/\/127\.0\.0\.1:\d+\/api\/v1\/query: ECONNREFUSED$/m);
    assert.match(stdout, /^ {2}then {9}one of several is profiled; only the capture finds out which$/m);
    for (const pod of pods) assert.match(stdout, new RegExp(`^ {2}because .*shop/${pod}`, 'm'));
    assert.match(stdout, /^ {2}command {6}exec in up to 10 of them: sh -c look\.sh flamepin$/m);
  });

  it('exits with 2 without a secret that Prometheus demands, unless nobody is asked', async () => {
    const configuration = `${await inCluster(cluster.server)}prometheus: {url: "${nobody}", bearerTokenFile: /nowhere/token}\n`;
    const { code, stdout, stderr } = await explain(configuration, ...labels);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /prometheus\.bearerTokenFile: the secret cannot be read/);
    assert.match(stderr, /--offline needs no secret of Prometheus or Grafana/);
    const asked = cluster.requests.length;
    const offline = await explain(configuration, '--offline', ...labels);
    assert.equal(offline.code, 0, offline.stderr);
    assert.match(offline.stdout, /^ {2}then {9}not known: the target was not looked for \(--offline\)$/m);
    assert.match(
      offline.stdout,
      /^ {2}command {6}GET \/apis\/apps\/v1\/namespaces\/shop\/deployments\/web$/m,
    );
    assert.equal(cluster.requests.length, asked);
  });

  it('says that a container engine is away', async () => {
    const { code, stdout } = await explain(
      'routes: [{matchers: [], target: {docker: {}}}]\ntargets: {docker: {engines: {local: {socket: /nowhere/docker.sock}}}}\n',
      '--label',
      'name=web',
    );
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^ {2}asked {8}GET unix:\/nowhere\/docker\.sock\/containers\/json\?all=true: ENOENT$/m,
    );
    assert.match(stdout, /^ {2}looked for {3}name web \(label name\)$/m);
    assert.match(stdout, /^ {2}command {6}engine local: GET \/containers\/json\?all=true$/m);
  });
});
