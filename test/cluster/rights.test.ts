import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { captureId } from '../../src/captures/capture-id.ts';
import { asyncProfiler } from '../../src/profiler/profiler.ts';
import { cleanUpScript, collectScript, listScript, startScript } from '../../src/profiler/script.ts';
import { Failure } from '../../src/reasons/failure.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import { agentPatch } from '../../src/targets/kubernetes/agent/agent-spec.ts';
import { apiPath, statusMessage, type KubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import { ExecSlots } from '../../src/targets/kubernetes/connection/exec-slots.ts';
import { kubernetesExec } from '../../src/targets/kubernetes/connection/exec.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import { chartAccount, type ChartAccount } from './chart-account.ts';
import { shopPod } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';
import { cacheDirectory } from '../setup/cache.ts';

const agentImage = 'localhost/flamepin-agent:1';

/** What the chart makes of these values, without the receiver itself. */
const values = {
  targetNamespaces: ['rights'],
  admissionPolicy: { enabled: true },
  ephemeralContainers: {
    enabled: true,
    image: { registry: 'localhost', repository: 'flamepin-agent', tag: '1', pullPolicy: 'Never' },
  },
  secrets: [{ key: 'sources.alertmanager.bearerTokenFile', secretName: 'x', secretKey: 'y' }],
};

describe("what can be done with flamepin's token on a cluster", () => {
  let receiver: TestNamespace;
  let targets: TestNamespace;
  let other: TestNamespace;
  let bareReceiver: TestNamespace;
  let account: ChartAccount;
  let bare: ChartAccount;
  let api: KubernetesApi;

  before(async () => {
    [receiver, targets, other, bareReceiver] = await Promise.all([
      testNamespace('flamepin'),
      testNamespace('rights'),
      testNamespace('other'),
      testNamespace('flamepin-bare'),
    ]);
    account = await chartAccount(receiver, values);
    bare = await chartAccount(bareReceiver, {
      targetNamespaces: values.targetNamespaces,
      secrets: values.secrets,
      rbac: { workloads: false, autoscalers: false, services: false, metrics: false },
    });
    api = account.api;
    for (const namespace of [targets, other])
      for (const image of ['17', 'noshell'])
        await namespace.create(
          `/api/v1/namespaces/${namespace.name}/pods`,
          shopPod(`shop-${image}`, { image, securityContext: { runAsUser: 1000, runAsGroup: 1000 } }),
        );
    for (const namespace of [targets, other])
      for (const image of ['17', 'noshell']) await namespace.ready(`shop-${image}`);
    // The policy takes effect some moments after it was made.
    for (let tries = 0; (await outcome(run(['id']))) !== 'exec-denied'; tries++) {
      assert.ok(tries < 600, 'the admission policy does not take effect');
      await sleep(200);
    }
  });
  after(async () => {
    await using closing = new AsyncDisposableStack();
    for (const namespace of [receiver, bareReceiver, targets, other]) closing.use(namespace);
    for (const each of [account, bare]) closing.defer(() => each.remove());
  });

  for (const pod of ['shop-17', 'shop-noshell'])
    it(`a JVM can be profiled: ${pod}`, async () => {
      const adapter = podTargets(api, {
        namespaces: ['rights'],
        ephemeral: { image: agentImage, pullPolicy: 'Never' },
        protectOnlyReplica: false,
        requireOptIn: false,
      });
      const signal = AbortSignal.timeout(180_000);
      const labels = { namespace: 'rights', pod };
      const target = await adapter.resolve(
        { labels, startsAt: new Date().toISOString(), generatorUrl: '' },
        signal,
      );
      const profiler = asyncProfiler(null, cacheDirectory);
      const exec = adapter.open(target);
      const request = { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid: null };
      const { session } = await profiler.start(exec, request, signal);
      const { recording } = await profiler.collect(exec, session, { maxBytes: 32_000_000 }, signal);
      assert.ok(recording.length > 0);
      assert.deepEqual(await profiler.cleanUp(exec, session, signal), { left: [] });
      const missing = (await adapter.check?.(signal))?.filter(({ ok }) => !ok);
      assert.deepEqual(missing, []);
    });

  // As the table of rights in docs/kubernetes.md says.
  for (const [right, labels, code] of [
    ['rbac.workloads', { deployment: 'shop' }, 'exec-denied'],
    ['rbac.autoscalers', { horizontalpodautoscaler: 'shop' }, 'exec-denied'],
    ['rbac.services', { service: 'shop' }, 'exec-denied'],
    ['ephemeralContainers.enabled', { pod: 'shop-noshell' }, 'no-shell'],
  ] as const)
    it(`with ${right} switched off the alerts that need it end with ${code}`, async () => {
      const adapter = podTargets(bare.api, {
        namespaces: ['rights'],
        protectOnlyReplica: false,
        requireOptIn: false,
      });
      const signal = AbortSignal.timeout(180_000);
      const ending = async (wanted: Record<string, string>): Promise<ReasonCode | 'done'> =>
        outcome(
          adapter
            .resolve({ labels: { namespace: 'rights', ...wanted }, startsAt: '', generatorUrl: '' }, signal)
            .then((target) => {
              const request = {
                captureId: captureId(Date.now()),
                durationSeconds: 1,
                process: null,
                pid: null,
              };
              return asyncProfiler(null, cacheDirectory).start(adapter.open(target), request, signal);
            }),
        );
      assert.equal(await ending(labels), code);
    });

  it('no other command can be run', async () => {
    const id = captureId(Date.now());
    const list = [listScript.text, 'flamepin'];
    assert.equal((await run(['sh', '-c', ...list])).exitCode, 0);
    for (const [what, argv] of [
      ['a command', ['id']],
      ['a shell', ['sh']],
      ['another script', ['sh', '-c', 'id', 'flamepin']],
      ['the script and more', ['sh', '-c', `${listScript.text}\nid`, 'flamepin']],
      ['another shell', ['/bin/sh', '-c', ...list]],
      ['one parameter more', ['sh', '-c', ...list, 'x']],
      [
        'a parameter with a command in it',
        ['sh', '-c', cleanUpScript.text, 'flamepin', id, '$(id)', '0', 'leave'],
      ],
      [
        'a path of its own',
        ['sh', '-c', collectScript.text, 'flamepin', id, '1', '1', '0'.repeat(36), '/etc', '1', '1'],
      ],
      [
        'another payload, with its right hash',
        ['sh', '-c', startScript.text, 'flamepin', id, '1', 'any', 'linux-x64', '75416', 'a'.repeat(64)],
      ],
    ] as [string, [string, ...string[]]][])
      assert.equal(await outcome(run(argv)), 'exec-denied', what);
  });

  it('nothing can be run in a namespace that was not given, not even what is allowed elsewhere', async () => {
    assert.equal(await outcome(run(['id'], 'other')), 'exec-denied');
    await denied({ path: apiPath('api', 'v1', 'namespaces', 'other', 'pods') });
  });

  it('nothing else can be read or changed', async () => {
    await denied({ path: '/api/v1/namespaces/rights/secrets' });
    await denied({ path: '/api/v1/namespaces/rights/pods/shop-17/log' });
    await denied({ path: '/api/v1/pods' });
    await denied({ path: '/api/v1/nodes' });
    await denied({ method: 'DELETE', path: '/api/v1/namespaces/rights/pods/shop-17' });
    await denied({ method: 'POST', path: '/api/v1/namespaces/rights/pods', body: shopPod('mine') });
  });

  it('a pod can be joined by nothing but the agent', async () => {
    const agent = (change: Record<string, unknown>) => {
      const patch = agentPatch(
        `flamepin-${Date.now()}`,
        'shop',
        { uid: 1000, gid: 1000 },
        {
          image: agentImage,
          pullPolicy: 'Never',
        },
      ) as { spec: { ephemeralContainers: Record<string, unknown>[] } };
      Object.assign(patch.spec.ephemeralContainers[0] ?? {}, change);
      return patch;
    };
    const join = (change: Record<string, unknown>) =>
      api.send({
        method: 'PATCH',
        path: '/api/v1/namespaces/rights/pods/shop-17/ephemeralcontainers',
        contentType: 'application/strategic-merge-patch+json',
        body: agent(change),
      });
    for (const change of [
      { image: 'localhost/busybox:1' },
      { command: ['sh', '-c', 'id'] },
      { args: ['1'] },
      { env: [{ name: 'LD_PRELOAD', value: '/tmp/x' }] },
      { securityContext: { privileged: true } },
      { securityContext: { runAsUser: 0, capabilities: { add: ['SYS_PTRACE'] } } },
    ]) {
      const answer = await join(change).catch((error: unknown) => error);
      const refused = answer instanceof Failure ? answer.code === 'exec-denied' : statusOf(answer) === 422;
      assert.ok(refused, `${JSON.stringify(change)}: ${JSON.stringify(answer)}`);
    }
    const allowed = await join({});
    assert.ok(allowed.status < 300, statusMessage(allowed));
  });

  function run(argv: [string, ...string[]], namespace = 'rights') {
    return kubernetesExec({
      api,
      slots: new ExecSlots(),
      namespace,
      pod: 'shop-17',
      container: 'shop',
      running: () => Promise.resolve(true),
    }).run({ argv, deadlineMs: 20_000, maxOutputBytes: 100_000 });
  }

  async function denied(request: Parameters<KubernetesApi['send']>[0]): Promise<void> {
    assert.equal(await outcome(api.send(request)), 'exec-denied', request.path);
  }
});

function statusOf(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'status' in answer ? answer.status : undefined;
}

async function outcome(running: Promise<unknown>): Promise<ReasonCode | 'done'> {
  try {
    await running;
    return 'done';
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
}
