import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { captureId } from '../../src/captures/capture-id.ts';
import { asyncProfiler } from '../../src/profiler/profiler.ts';
import { loaderVersion } from '../../src/profiler/pinned.ts';
import {
  cleanUpScript,
  collectScript,
  commandOf,
  listScript,
  startScript,
} from '../../src/profiler/script.ts';
import { Failure } from '../../src/reasons/failure.ts';
import { accessCluster } from '../../src/targets/kubernetes/connection/access.ts';
import { agentPatch } from '../../src/targets/kubernetes/agent/agent-spec.ts';
import {
  apiPath,
  kubernetesApi,
  statusMessage,
  type KubernetesApi,
} from '../../src/targets/kubernetes/connection/api.ts';
import { checkRights } from '../../src/targets/kubernetes/connection/check-rights.ts';
import { lookAtCpu, lookScript } from '../../src/targets/kubernetes/choice/look.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import { shopPod } from './pods.ts';
import { waitFor } from '../setup/process.ts';
import { kubeconfigPath, testNamespace, type TestNamespace } from './test-namespace.ts';
import { cacheDirectory } from '../setup/cache.ts';

const root = join(import.meta.dirname, '..', '..');
const agentImage = 'localhost/flamepin-agent:1';
const id = captureId(0);
const boot = '0b0d2f4e-6a8c-4e01-9b1d-1f2e3d4c5b6a';

const payload = z
  .object({ payloads: z.array(z.object({ asprofBytes: z.number(), sha256: z.string() })).min(1) })
  .parse(parse(readFileSync(join(root, 'helm', 'files', 'commands.yaml'), 'utf8'))).payloads[0] ?? {
  asprofBytes: 0,
  sha256: '',
};

/** The chart is installed as it is for one namespace, by helm; everything below is done with its account's token. */
describe('whoever steals flamepin’s token', () => {
  let given: TestNamespace;
  let other: TestNamespace;
  let own: TestNamespace;
  let directory: string;
  let stolen: KubernetesApi;
  let neighbour: KubernetesApi;
  let helm: (...words: string[]) => string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'flamepin-policy-'));
    const program = execFileSync('sh', [join(root, 'test', 'setup', 'helm.sh')], { encoding: 'utf8' }).trim();
    helm = (...words) =>
      execFileSync(program, [...words, '--namespace', 'policy-own', '--kubeconfig', kubeconfigPath()], {
        encoding: 'utf8',
      });
    given = await testNamespace('policy-given');
    other = await testNamespace('policy-other');
    own = await testNamespace('policy-own');
    const values = join(directory, 'values.yaml');
    writeFileSync(
      values,
      stringify({
        // Only its rights are wanted here.
        replicas: 0,
        targetNamespaces: ['policy-given'],
        secrets: [
          { key: 'sources.alertmanager.bearerTokenFile', secretName: 'flamepin', secretKey: 'token' },
        ],
        ephemeralContainers: {
          enabled: true,
          image: { registry: 'localhost', repository: 'flamepin-agent', tag: '1', pullPolicy: 'Never' },
        },
        admissionPolicy: { enabled: true },
      }),
    );
    helm('install', 'flamepin', join(root, 'helm'), '--values', values);
    stolen = await withToken('flamepin');
    // Another account with the same rights: the policy is not about it.
    await own.create('/api/v1/namespaces/policy-own/serviceaccounts', { metadata: { name: 'neighbour' } });
    await given.create('/apis/rbac.authorization.k8s.io/v1/namespaces/policy-given/rolebindings', {
      metadata: { name: 'neighbour' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'policy-own-flamepin' },
      subjects: [{ kind: 'ServiceAccount', name: 'neighbour', namespace: 'policy-own' }],
    });
    neighbour = await withToken('neighbour');
    await given.create('/api/v1/namespaces/policy-given/pods', shopPod('shop'));
    // The API server takes a new policy up within seconds.
    const deadline = performance.now() + 120_000;
    while ((await ask(['id'])) !== refused('flamepin’s own scripts only')) {
      assert.ok(performance.now() < deadline, `the policy does not work: ${await ask(['id'])}`);
      await sleep(200);
    }
  });
  after(async () => {
    await using closing = new AsyncDisposableStack();
    closing.defer(() => rmSync(directory, { recursive: true, force: true }));
    for (const namespace of [given, other, own]) closing.use(namespace);
    for (const api of [stolen, neighbour]) closing.defer(() => api.access.close());
    closing.defer(() => {
      helm('uninstall', 'flamepin');
    });
  });

  /** The API server with nothing but an account's token. */
  async function withToken(account: string): Promise<KubernetesApi> {
    const answer = await own.api.send({
      method: 'POST',
      path: apiPath('api', 'v1', 'namespaces', 'policy-own', 'serviceaccounts', account, 'token'),
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    });
    const { token } = z.object({ status: z.object({ token: z.string() }) }).parse(answer.body).status;
    const config = z
      .looseObject({ users: z.tuple([z.object({ name: z.string(), user: z.unknown() })]) })
      .parse(parse(readFileSync(kubeconfigPath(), 'utf8')));
    config.users[0].user = { token };
    const path = join(directory, `${account}.kubeconfig`);
    writeFileSync(path, stringify(config));
    return kubernetesApi(accessCluster({ kubeconfig: path, context: null }));
  }

  const passed = 'passed';
  const refused = (why: string): string => `refused: ${why}`;
  const known = {
    'flamepin’s own scripts only': "flamepin's account may run flamepin's own scripts only",
    'the pinned async-profiler only': 'start.sh unpacks the pinned async-profiler only',
    'no terminal': "flamepin's account needs no terminal",
    'its agent only': "flamepin's account may add flamepin's agent only",
    'an agent without rights': "flamepin's agent has no rights",
    'no right': 'cannot ',
  };
  function verdict(status: number, message: string): string {
    // A policy that fails itself is 422, and that would not be passing either.
    if (status === 400 && /upgrade/i.test(message)) return passed;
    if (status !== 403) return `unexpected ${status}: ${message.slice(0, 500)}`;
    const why = Object.entries(known).find(([, words]) => message.includes(words))?.[0];
    return refused(why ?? message.slice(0, 500));
  }

  /** Asks for an exec as plain GET: past RBAC and admission the server says that it wants a WebSocket (400). */
  async function ask(
    words: readonly string[],
    options: { api?: KubernetesApi; tty?: boolean; namespace?: string } = {},
  ): Promise<string> {
    const { api = stolen, tty = false, namespace = 'policy-given' } = options;
    const query = new URLSearchParams({ container: 'shop', stdout: 'true', ...(tty && { tty: 'true' }) });
    for (const word of words) query.append('command', word);
    const { server } = api.access;
    const { headers, agent } = await api.access.authenticate();
    const path = apiPath('api', 'v1', 'namespaces', namespace, 'pods', 'shop', 'exec');
    const { get } = await import('node:https');
    return await new Promise((resolve, reject) => {
      get(`${server}${path}?${query.toString()}`, { headers, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => resolve(verdict(response.statusCode ?? 0, text)));
      }).on('error', reject);
    });
  }

  const start = (...changes: [at: number, value: string][]): string[] => {
    const words: string[] = commandOf(
      startScript,
      ...[id, '30', '1', 'linux-x64', String(payload.asprofBytes), payload.sha256],
    );
    for (const [at, value] of changes) words[at] = value;
    return words;
  };

  it('can run each of flamepin’s scripts', async () => {
    const commands: string[][] = [
      start(),
      start([6, 'any']),
      start([6, '1,22,333']),
      commandOf(listScript),
      commandOf(collectScript, id, '1', '4711', boot, '/tmp', '67108864', '70'),
      commandOf(cleanUpScript, id, '1', '4711', 'stop'),
      commandOf(cleanUpScript, id, '0', '0', 'leave'),
      commandOf(lookScript),
      ['cat', '/proc/1/status'],
    ];
    for (const words of commands) assert.equal(await ask(words), passed, words.slice(3).join(' '));
  });

  it('can run nothing else', async () => {
    const collect = commandOf(collectScript, id, '1', '4711', boot, '/tmp', '67108864', '70');
    const commands: Record<string, string[]> = {
      'a program': ['id'],
      'a shell': ['sh'],
      'another script': ['sh', '-c', 'id', 'flamepin'],
      'another script in as many words': start([2, 'id']),
      'the script with more behind it': start([2, `${startScript.text}id\n`]),
      'the script with more before it': start([2, `id\n${startScript.text}`]),
      'another shell': start([0, '/tmp/sh']),
      'another option of the shell': start([1, '-ic']),
      'another name': start([3, 'x']),
      'one word more': [...start(), 'x'],
      'one word less': start().slice(0, -1),
      'a parameter with a command': start([5, '30;id']),
      'a parameter with a newline': start([5, '30\nid']),
      'a newline behind a parameter': start([5, '30\n']),
      'a longer window': start([5, '61']),
      'another capture id': start([4, 'stop']),
      'another architecture': start([7, 'linux-s390x']),
      'a path of its own': collect.map((word) => (word === '/tmp' ? '/etc' : word)),
      'a path within': collect.map((word) => (word === '/tmp' ? '/tmp/../etc' : word)),
      'parameters of another script': [...commandOf(cleanUpScript, id, '1', '4711', 'stop'), 'x'],
      'another file': ['cat', '/etc/passwd'],
    };
    for (const [what, words] of Object.entries(commands))
      assert.equal(await ask(words), refused('flamepin’s own scripts only'), what);
    assert.equal(await ask(start(), { tty: true }), refused('no terminal'));
  });

  it('cannot have another payload unpacked', async () => {
    const commands: Record<string, string[]> = {
      'another hash': start([9, 'f'.repeat(64)]),
      'cut elsewhere': start([8, '1']),
      'for the other architecture': start([7, 'linux-arm64']),
    };
    for (const [what, words] of Object.entries(commands))
      assert.equal(await ask(words), refused('the pinned async-profiler only'), what);
  });

  it('can do nothing in a namespace that flamepin was not given', async () => {
    assert.equal(await ask(start(), { namespace: 'policy-other' }), refused('no right'));
    for (const path of [
      '/api/v1/namespaces/policy-other/pods',
      '/api/v1/pods',
      '/api/v1/namespaces/policy-given/secrets',
    ])
      await assert.rejects(stolen.get(path), { code: 'exec-denied' }, path);
  });

  it('does not keep others from running what they like', async () => {
    assert.equal(await ask(['id'], { api: neighbour }), passed);
    assert.equal(await ask(['id'], { api: given.api }), passed);
  });

  it('can join a pod with nothing but flamepin’s agent', async () => {
    const settings = { image: agentImage, pullPolicy: 'Never' } as const;
    const user = { uid: 1000, gid: 1000 };
    const patchSchema = z.object({
      spec: z.object({
        ephemeralContainers: z.tuple([z.looseObject({ securityContext: z.looseObject({}) })]),
      }),
    });
    let count = 0;
    const join = async (
      change: Record<string, unknown>,
      rights: Record<string, unknown> = {},
    ): Promise<string> => {
      const patch = patchSchema.parse(agentPatch(`flamepin-0-${++count}`, 'shop', user, settings));
      const [container] = patch.spec.ephemeralContainers;
      Object.assign(container.securityContext, rights);
      Object.assign(container, change);
      try {
        const answer = await stolen.send({
          method: 'PATCH',
          path: apiPath('api', 'v1', 'namespaces', 'policy-given', 'pods', 'shop', 'ephemeralcontainers'),
          contentType: 'application/strategic-merge-patch+json',
          body: patch,
        });
        assert.ok(answer.status < 300, statusMessage(answer));
        return passed;
      } catch (error) {
        assert.ok(error instanceof Failure && error.code === 'exec-denied', String(error));
        return verdict(403, error.detail);
      }
    };
    const agent = refused('its agent only');
    assert.equal(await join({}), passed);
    assert.equal(await join({ image: 'localhost/busybox:1' }), agent, 'image');
    assert.equal(await join({ command: ['sh'] }), agent, 'command');
    assert.equal(await join({ args: ['x'] }), agent, 'arguments');
    assert.equal(await join({ env: [{ name: 'LD_PRELOAD', value: '/tmp/x.so' }] }), agent, 'environment');
    assert.equal(await join({ stdin: true }), agent, 'stdin');
    assert.equal(await join({ name: 'debugger' }), agent, 'name');
    const rights = refused('an agent without rights');
    // Already the API server's own rule, unless it runs with --allow-privileged.
    assert.notEqual(await join({}, { privileged: true, allowPrivilegeEscalation: true }), passed);
    assert.equal(await join({}, { allowPrivilegeEscalation: true }), rights, 'escalation');
    assert.equal(await join({}, { capabilities: { drop: ['ALL'], add: ['SYS_PTRACE'] } }), rights, 'added');
    assert.equal(await join({}, { capabilities: { drop: ['KILL'] } }), rights, 'kept');
    assert.equal(await join({}, { seccompProfile: { type: 'Unconfined' } }), rights, 'seccomp');
    assert.equal(await join({ securityContext: null }), rights, 'nothing said');
  });

  it('while doctor finds every right, misses each in another namespace, and says what is lost without it', async () => {
    const signal = AbortSignal.timeout(120_000);
    const ephemeral = { image: agentImage };
    const fine = await checkRights(stolen, { namespaces: ['policy-given'], ephemeral }, signal);
    assert.equal(fine.length, 12);
    assert.deepEqual(
      fine.filter(({ ok, detail }) => !ok || detail !== ''),
      [],
    );
    const missing = await checkRights(stolen, { namespaces: ['policy-other'], ephemeral }, signal);
    assert.equal(missing.length, fine.length);
    assert.ok(
      missing.every(({ ok, detail, remedy }) => (ok ? /^not granted: /.test(detail) : remedy !== '')),
    );
    assert.equal(missing.filter(({ ok }) => !ok).length, 5);
  });

  for (const image of ['17', 'noshell'])
    it(`while flamepin itself profiles under the policy: ${image === '17' ? 'with a shell' : 'without one'}`, async () => {
      const name = `profiled-${image}`;
      await given.create('/api/v1/namespaces/policy-given/pods', shopPod(name, { image }));
      await given.ready(name);
      const targets = podTargets(stolen, {
        namespaces: ['policy-given'],
        protectOnlyReplica: false,
        requireOptIn: false,
        ephemeral: { image: agentImage, pullPolicy: 'Never' },
      });
      const signal = AbortSignal.timeout(180_000);
      const labels = { namespace: 'policy-given', pod: name };
      const target = await targets.resolve(
        { labels, startsAt: new Date().toISOString(), generatorUrl: '' },
        signal,
      );
      const exec = targets.open(target);
      const profiler = asyncProfiler(join(cacheDirectory, 'ap-loader', loaderVersion), cacheDirectory);
      const request = { captureId: captureId(Date.now()), durationSeconds: 2, process: null, pid: null };
      const { session } = await profiler.start(exec, request, signal);
      const { recording } = await profiler.collect(exec, session, { maxBytes: 32_000_000 }, signal);
      assert.ok(recording.length > 1000);
      assert.deepEqual(await profiler.cleanUp(exec, session, signal), { left: [] });
      // What it does after it was killed in the middle of a start.
      assert.deepEqual(await profiler.cleanUpUnknown(exec, request.captureId, signal), { left: [] });
      if (image === 'noshell') return;
      // And to find the busiest of several pods; a look that a loaded machine kept waiting tells nothing.
      const cores = await waitFor('a look', 60_000, async () => (await lookAtCpu(exec, signal)) ?? undefined);
      assert.ok(cores >= 0 && cores < 64, String(cores));
    });
});
