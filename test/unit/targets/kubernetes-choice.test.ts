import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterwards, shopCluster } from '../../given/shop-cluster.ts';

describe('of the pods of a workload', () => {
  const web = { deployment: 'web' };
  const hot = { name: 'hot', ready: false };

  it('the one too busy to be ready is found like any other', async () => {
    const pods = [hot, { name: 'b' }, { name: 'c' }];
    await using cluster = await shopCluster({ pods, cores: { hot: '1900m', b: '100m', c: '120m' } });
    const target = await cluster.resolve(web);
    assert.equal(target.name, 'hot', target.choice);
    assert.equal(
      target.choice,
      'busiest of 3 pods by metrics.k8s.io: 1.9 cores, the next 0.12; the pod is not ready',
    );
  });

  it('a ready one is taken when nothing distinguishes them', async () => {
    await using cluster = await shopCluster({ pods: [{ name: 'a', ready: false }, { name: 'b' }] });
    const target = await cluster.resolve(web);
    assert.equal(target.name, 'b');
    assert.match(target.choice, /^first by name of the ready ones of 2 pods: nothing tells them apart/);
  });

  it('the ones left out are listed with reasons', async () => {
    const restarted = { name: 'b', started: afterwards };
    await using cluster = await shopCluster({ pods: [hot, restarted, { name: 'c' }], cores: { hot: '2' } });
    const target = await cluster.resolve(web);
    assert.equal(target.name, 'hot');
    assert.match(target.choice, /; 1 of 3 left out: b started at 2026-01-02T00:01:00Z, the alert began at/);
  });

  it('one with other containers, as in half a rollout, does not hide the rest', async () => {
    const pods = [
      { name: 'a' },
      { name: 'b', containers: ['server'] },
      { name: 'c', containers: ['app', 'worker'] },
    ];
    await using cluster = await shopCluster({ pods });
    const named = await cluster.resolve({ ...web, container: 'app' });
    assert.match(
      named.choice,
      /^first by name of 2 pods.*; 1 of 3 left out: shop\/b has no container app, but server$/,
    );
    const unnamed = await cluster.resolve(web);
    assert.match(
      unnamed.choice,
      /^first by name of 2 pods.*; 1 of 3 left out: shop\/c has the containers app, worker/,
    );
    await assert.rejects(
      cluster.resolve({ ...web, container: 'other' }),
      /no container other.*none of its 3 pods/,
    );
  });

  it('one is compared with another whose container has a different name', async () => {
    const pods = [{ name: 'a' }, { name: 'b', containers: ['server'] }];
    await using cluster = await shopCluster({ pods, cores: { a: '100m', b: '2' } });
    assert.equal((await cluster.resolve(web)).uri, 'kubernetes://shop/b/server');
  });

  it('an exporter is never asked which of its containers is meant', async () => {
    const exporter = { name: 'kube-state-metrics-0', containers: ['a', 'b'] };
    await using cluster = await shopCluster({ pods: [exporter] });
    await assert.rejects(cluster.resolve(web), /only exports metrics about others/);
  });

  it('one is found behind a service whose pods are all too busy to be ready', async () => {
    const pods = [hot, { name: 'hotter', ready: false }];
    await using cluster = await shopCluster({ pods, cores: { hot: '1', hotter: '2' } });
    assert.equal((await cluster.resolve({ service: 'web-entry' })).name, 'hotter');
  });

  it('one is found behind a service that no longer sends it requests', async () => {
    await using cluster = await shopCluster({ pods: [hot, { name: 'b' }], cores: { hot: '2', b: '0' } });
    assert.equal((await cluster.resolve({ service: 'web-entry' })).name, 'hot');
  });
});

describe('a pod is checked again before it is profiled', () => {
  const a = { name: 'a' };
  const web = { deployment: 'web' };

  it('one that has just restarted is not profiled', async () => {
    await using cluster = await shopCluster({ pods: [a], now: [{ ...a, life: 1, started: afterwards }] });
    await assert.rejects(cluster.resolve(web), { code: 'target-restarted' });
  });

  it('one that was replaced under the same name is not profiled', async () => {
    await using cluster = await shopCluster({ pods: [a], now: [{ ...a, uid: 'another' }] });
    await assert.rejects(cluster.resolve(web), { code: 'target-gone' });
  });

  it('the container instance that is profiled is the one that is watched', async () => {
    const now = [{ ...a, life: 1 }];
    await using cluster = await shopCluster({ pods: [a], now });
    const { data } = await cluster.resolve(web);
    assert.deepEqual([data['restartCount'], data['containerId']], [1, 'containerd://a-1']);
  });

  it('and so is the sibling', async () => {
    const b = { name: 'b' };
    await using cluster = await shopCluster({ pods: [a, b], now: [{ ...b, life: 1, started: afterwards }] });
    const target = await cluster.resolve({ pod: 'a' });
    await assert.rejects(cluster.sibling(target), { code: 'target-restarted' });
  });
});

describe('the only replica is protected where configured', () => {
  const settings = { protectOnlyReplica: true };
  const strange: [string, string] = ['ReplicaSet', 'other-7d9f'];

  it('while it is the only one serving', async () => {
    const pods = [{ name: 'a' }, { name: 'b', ready: false }];
    await using cluster = await shopCluster({ pods, settings });
    await assert.rejects(cluster.resolve({ pod: 'a' }), { code: 'target-only-replica' });
  });

  it('but not when it serves nothing', async () => {
    const pods = [{ name: 'a', ready: false }, { name: 'b' }];
    await using cluster = await shopCluster({ pods, settings });
    assert.equal((await cluster.resolve({ pod: 'a' })).name, 'a');
    await using down = await shopCluster({ pods: [{ name: 'a', ready: false }], settings });
    assert.equal((await down.resolve({ pod: 'a' })).name, 'a');
  });

  it('pods of another workload that match its selector do not count', async () => {
    const pods = [{ name: 'a' }, { name: 'b', madeBy: strange }];
    await using cluster = await shopCluster({ pods, settings });
    await assert.rejects(cluster.resolve({ pod: 'a' }), { code: 'target-only-replica' });
  });

  it("and of a CronJob's Job another of its pods counts", async () => {
    const labels = { 'batch.kubernetes.io/job-name': 'report-29384756' };
    const madeBy: [string, string] = ['Job', 'report-29384756'];
    const one = { name: 'a', madeBy, labels };
    await using cluster = await shopCluster({ pods: [one, { ...one, name: 'b' }], settings });
    assert.equal((await cluster.resolve({ pod: 'a' })).workload, 'shop/Job/report');
    await using alone = await shopCluster({ pods: [one], settings });
    await assert.rejects(alone.resolve({ pod: 'a' }), { code: 'target-only-replica' });
  });
});

describe('flamepin.io/profile on the Deployment', () => {
  const word = (value: string) => ({ 'flamepin.io/profile': value });
  const pods = [{ name: 'a' }, { name: 'b' }];
  const ways = [{ deployment: 'web' }, { service: 'web-entry' }, { pod: 'a' }];

  it('keeps all its pods from being profiled, however they are found', async () => {
    for (const deployment of [{ annotations: word('deny') }, { labels: word('deny') }]) {
      await using cluster = await shopCluster({ pods, deployment });
      for (const labels of ways)
        await assert.rejects(cluster.resolve(labels), /Deployment shop\/web has flamepin.io\/profile: deny/);
    }
  });

  it('keeps them from being a sibling', async () => {
    await using open = await shopCluster({ pods });
    const target = await open.resolve({ pod: 'a' });
    await using cluster = await shopCluster({ pods, deployment: { annotations: word('deny') } });
    assert.equal(await cluster.sibling(target), null);
  });

  it('allows them where opt-in is required, but deny always wins', async () => {
    const settings = { requireOptIn: true };
    const deployment = { annotations: word('allow') };
    await using cluster = await shopCluster({ pods, deployment, settings });
    for (const labels of ways) assert.equal((await cluster.resolve(labels)).name, 'a');
    const against = [{ name: 'a', labels: word('deny'), annotations: word('allow') }];
    await using denied = await shopCluster({ pods: against, deployment, settings });
    await assert.rejects(denied.resolve({ pod: 'a' }), { code: 'target-denied' });
  });

  it('is not seen without the right to read it; a named pod is still found', async () => {
    await using cluster = await shopCluster({ pods, deployment: null });
    assert.equal((await cluster.resolve({ pod: 'a' })).name, 'a');
  });
});
