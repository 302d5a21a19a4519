import assert from 'node:assert/strict';
import { accessCluster } from '../../src/targets/kubernetes/connection/access.ts';
import {
  apiPath,
  kubernetesApi,
  statusMessage,
  type KubernetesApi,
} from '../../src/targets/kubernetes/connection/api.ts';
import {
  podListSchema,
  podSchema,
  isReady,
  type Pod,
} from '../../src/targets/kubernetes/connection/objects.ts';
import { waitFor } from '../setup/process.ts';

/** A namespace of the test cluster for one test file, and what tests do there with an administrator's rights. */

export type KubernetesObject = Record<string, unknown> & {
  metadata: Record<string, unknown> & { name: string };
};

export interface TestNamespace extends AsyncDisposable {
  name: string;
  api: KubernetesApi;
  create(path: string, object: KubernetesObject): Promise<void>;
  pod(name: string): Promise<Pod>;
  pods(labelSelector: string): Promise<Pod[]>;
  /** Waits until the pod is ready; fails with what keeps it from that. */
  ready(name: string): Promise<Pod>;
  /** Waits until a selector has that many ready pods and no others. */
  readyPods(labelSelector: string, count: number): Promise<Pod[]>;
  remove(path: string): Promise<void>;
}

export function kubeconfigPath(): string {
  const path = process.env['KUBECONFIG'];
  assert.ok(path, 'KUBECONFIG is not set: run these tests with `sh test/cluster/run.sh`, as root.');
  return path;
}

/** A dozen JVMs that start at once on two cores which do other things as well. */
const patienceMilliseconds = 180_000;

export async function testNamespace(name: string): Promise<TestNamespace> {
  const api = kubernetesApi(accessCluster({ kubeconfig: kubeconfigPath(), context: null }));
  const create = async (path: string, object: KubernetesObject): Promise<void> => {
    const answer = await api.send({ method: 'POST', path, body: object });
    assert.ok(answer.status < 300, `${path} ${object.metadata.name}: ${statusMessage(answer)}`);
  };
  const remove = async (path: string): Promise<void> => {
    const answer = await api.send({
      method: 'DELETE',
      path,
      body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 },
    });
    assert.ok(answer.status < 300 || answer.status === 404, statusMessage(answer));
  };
  const path = apiPath('api', 'v1', 'namespaces', name);
  await remove(path);
  await waitFor(`the end of namespace ${name}`, patienceMilliseconds, async () =>
    (await api.get(path)) === undefined ? true : undefined,
  );
  await create('/api/v1/namespaces', { metadata: { name } });
  // Pods are refused until the controller has made it.
  await waitFor(`the service account of ${name}`, patienceMilliseconds, () =>
    api.get(`${path}/serviceaccounts/default`),
  );

  const pod = async (podName: string): Promise<Pod> =>
    podSchema.parse(await api.get(apiPath('api', 'v1', 'namespaces', name, 'pods', podName)));
  const pods = async (labelSelector: string): Promise<Pod[]> =>
    podListSchema.parse(await api.get(`${path}/pods`, { labelSelector })).items;
  const until = async <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> => {
    try {
      return await waitFor(what, patienceMilliseconds, ask);
    } catch (cause) {
      const all = podListSchema.parse(await api.get(`${path}/pods`)).items;
      const states = all.map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status)}`);
      throw new Error(`${what} is not ready\n${states.join('\n')}`, { cause });
    }
  };
  return {
    name,
    api,
    create,
    remove,
    pod,
    pods,
    ready: (podName) =>
      until(podName, async () => {
        const found = await pod(podName);
        return isReady(found) ? found : undefined;
      }),
    readyPods: (labelSelector, count) =>
      until(labelSelector, async () => {
        const found = await pods(labelSelector);
        return found.length === count && found.every(isReady) ? found : undefined;
      }),
    [Symbol.asyncDispose]: async () => {
      await remove(path);
      api.access.close();
    },
  };
}
