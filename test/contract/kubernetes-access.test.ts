import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../src/reasons/failure.ts';
import { accessCluster } from '../../src/targets/kubernetes/connection/access.ts';
import { kubernetesApi, type KubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import { ExecSlots } from '../../src/targets/kubernetes/connection/exec-slots.ts';
import { kubernetesExec } from '../../src/targets/kubernetes/connection/exec.ts';
import { fakeApiServer, success } from '../cluster/fake-apiserver.ts';
import { waitFor } from '../setup/process.ts';

const directory = mkdtempSync(join(tmpdir(), 'flamepin-login-'));
after(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A cluster, by default one where nobody answers, and a kubeconfig with this user. */
function cluster(user: unknown, server = 'http://127.0.0.1:1'): KubernetesApi {
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  return kubernetesApi(accessCluster({ kubeconfig, context: null }));
}

const plugin = (text: string) => ({
  exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', text] },
});

/** The two ways in which flamepin asks an API server for something. */
const asks = {
  'a request': (api: KubernetesApi, signal: AbortSignal) => api.get('/api/v1/pods', {}, signal),
  'a command in a pod': (api: KubernetesApi, signal: AbortSignal, deadlineMs: number) =>
    kubernetesExec({
      api,
      slots: new ExecSlots(),
      namespace: 'shop',
      pod: 'checkout-0',
      container: 'app',
      running: () => Promise.resolve(true),
    }).run({ argv: ['true'], deadlineMs, maxOutputBytes: 1_000, signal }),
};

async function failureOf(pending: Promise<unknown>): Promise<Failure> {
  const error = await pending.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  return error;
}

describe('the kubeconfig has no credentials to offer', () => {
  for (const [what, ask] of Object.entries(asks)) {
    for (const [why, user, words] of [
      [
        'its plugin says that the login has expired',
        plugin('echo "log in again" >&2; exit 1'),
        /log in again/,
      ],
      ['its plugin is not installed', { exec: { command: join(directory, 'nowhere') } }, /ENOENT/],
      ['its certificate cannot be read', { 'client-certificate': join(directory, 'gone.crt') }, /gone\.crt/],
    ] as const)
      it(`${what} fails with those words: ${why}`, async () => {
        const failure = await failureOf(ask(cluster(user), AbortSignal.timeout(60_000), 60_000));
        assert.equal(failure.code, 'exec-unavailable');
        assert.match(failure.detail, words);
      });

    it(`${what} does not repeat what a plugin printed, which may be a token`, async () => {
      const failure = await failureOf(
        ask(cluster(plugin('echo very-secret')), AbortSignal.timeout(60_000), 60_000),
      );
      assert.equal(failure.code, 'exec-unavailable');
      assert.doesNotMatch(JSON.stringify([failure.message, String(failure.cause)]), /secret/);
    });

    it(`${what} ends when it is given up, though the plugin hangs`, async () => {
      const failure = await whileHanging((api) => ask(api, AbortSignal.timeout(300), 60_000));
      assert.equal(failure.code, 'exec-disconnected');
    });
  }

  it('a command in a pod ends at its deadline, though the plugin hangs', async () => {
    const ask = asks['a command in a pod'];
    const failure = await whileHanging((api) => ask(api, AbortSignal.timeout(60_000), 300));
    assert.equal(failure.code, 'exec-timeout');
  });

  /** A plugin that waits for a minute is ended once flamepin has given it up, or after half of that. */
  async function whileHanging(ask: (api: KubernetesApi) => Promise<unknown>): Promise<Failure> {
    const pidFile = join(directory, 'plugin.pid');
    const given = Promise.race([
      failureOf(ask(cluster(plugin(`echo $$ >${pidFile}; exec sleep 60`)))),
      sleep(30_000, undefined, { ref: false }).then(() => assert.fail('it waits for the plugin')),
    ]);
    try {
      return await given;
    } finally {
      const pid = await waitFor('the plugin', 30_000, () =>
        existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) || undefined : undefined,
      );
      rmSync(pidFile);
      process.kill(pid, 'SIGKILL');
    }
  }
});

/** As client-node reads the token that is mounted into a pod. */
const mounted = (tokenFile: string) => ({ 'auth-provider': { name: 'tokenFile', config: { tokenFile } } });

describe('the API server', () => {
  it('is shown the mounted token again once it was renewed, a minute later at most', async () => {
    let accepted = ['first', 'second'];
    await using server = await fakeApiServer({
      tokens: () => accepted,
      request: (_request, response) => response.end('{}'),
      exec: (side) => {
        side.status(success);
      },
    });
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, 'first');
    const api = cluster(mounted(tokenFile), server.access.server);
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    try {
      const work = async (): Promise<void> => {
        for (const ask of Object.values(asks)) await ask(api, AbortSignal.timeout(60_000), 60_000);
      };
      await work();
      writeFileSync(tokenFile, 'second');
      await work();
      mock.timers.setTime(Date.now() + 61_000);
      accepted = ['second'];
      await work();
      accepted = ['third'];
      for (const ask of Object.values(asks)) {
        const failure = await failureOf(ask(api, AbortSignal.timeout(60_000), 60_000));
        assert.equal(failure.code, 'exec-denied');
      }
    } finally {
      mock.timers.reset();
      api.access.close();
    }
  });

  it('holds eight connections however much is asked at once, and no more than that are ever opened', async () => {
    let most = 0;
    const sockets = new Set<unknown>();
    await using server = await fakeApiServer({
      request: (request, response) => {
        sockets.add(request.socket);
        void server.connections().then((now) => {
          most = Math.max(most, now);
          setTimeout(() => response.end('{}'), 5);
        });
      },
    });
    const api = cluster({ token: 'test' }, server.access.server);
    await Promise.all(Array.from({ length: 100 }, (_, at) => api.get(`/api/v1/namespaces/n${at}/pods`)));
    assert.deepEqual([most, sockets.size], [8, 8]);
    api.access.close();
  });
});
