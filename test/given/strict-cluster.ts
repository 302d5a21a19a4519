import { Cluster } from '../../src/targets/kubernetes/connection/cluster.ts';
import { kubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import { fakeApiServer, refuse } from '../cluster/fake-apiserver.ts';

/** A workload or Service, and its pods. */
export interface GivenObject {
  kind: string;
  namespace: string;
  name: string;
  pods: readonly string[];
  /** Of its pods, beside those that their controllers write. */
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Of its first pod. */
  address?: string;
  /** Since when its containers have been running. */
  started?: string;
}

interface Stored {
  metadata: {
    name: string;
    namespace: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [more: string]: unknown;
}

export interface StrictCluster extends AsyncDisposable {
  cluster: Cluster;
  /** `http://127.0.0.1:PORT`; its token is `test`. */
  server: string;
  /** Path and query of every question so far. */
  asked: readonly string[];
  /** The same with its method, and `exec NAMESPACE/POD/CONTAINER`, which is refused. */
  requests: string[];
}

const plurals: Record<string, string> = {
  Deployment: 'apis/apps/v1/deployments',
  StatefulSet: 'apis/apps/v1/statefulsets',
  DaemonSet: 'apis/apps/v1/daemonsets',
  ReplicaSet: 'apis/apps/v1/replicasets',
  Job: 'apis/batch/v1/jobs',
};

/** An API server with several namespaces that refuses, as the real one does, names and selectors that are not legal. */
export async function strictCluster(objects: readonly GivenObject[]): Promise<StrictCluster> {
  const pods = objects.filter(({ kind }) => kind !== 'Service').flatMap(podsOf);
  const asked: string[] = [];
  const requests: string[] = [];
  const fake = await fakeApiServer({
    upgrade: (socket, { namespace, pod, container }) => {
      requests.push(`exec ${namespace}/${pod}/${container}`);
      refuse(socket, 403, 'no');
      return true;
    },
    request: (request, response) => {
      const url = new URL(request.url ?? '/', 'http://server');
      const question = decodeURIComponent(url.pathname + url.search);
      asked.push(question);
      requests.push(`${request.method ?? ''} ${question}`);
      const body = answerTo(url, objects, pods);
      response.statusCode = body === 'illegal' ? 400 : body === undefined ? 404 : 200;
      response.end(
        JSON.stringify(typeof body === 'object' ? body : { kind: 'Status', code: response.statusCode }),
      );
    },
  });
  return {
    asked,
    requests,
    server: fake.access.server,
    cluster: new Cluster(kubernetesApi(fake.access)),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  };
}

function answerTo(url: URL, objects: readonly GivenObject[], pods: readonly Stored[]): unknown {
  const [, group = '', namespace = null, plural = '', name] =
    /^\/(api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(url.pathname) ??
    [];
  const legal = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
  if (plural === '' || [namespace, name].some((part) => typeof part === 'string' && !legal.test(part)))
    return 'illegal';
  const all = storedAs(`${group}/${plural}`, objects, pods).filter(
    ({ metadata }) => namespace === null || metadata.namespace === namespace,
  );
  if (name !== undefined) return all.find(({ metadata }) => metadata.name === name);
  const labels = termsOf(url.searchParams.get('labelSelector') ?? '');
  const fields = termsOf(url.searchParams.get('fieldSelector') ?? '');
  if (labels === null || fields === null) return 'illegal';
  return {
    items: all.filter(
      (each) =>
        labels.every(([key, value]) =>
          value === null ? key in each.metadata.labels : each.metadata.labels[key] === value,
        ) && fields.every(([key, value]) => fieldOf(each, key) === value),
    ),
  };
}

function storedAs(path: string, objects: readonly GivenObject[], pods: readonly Stored[]): readonly Stored[] {
  if (path === 'api/v1/pods') return pods;
  if (path === 'apis/discovery.k8s.io/v1/endpointslices')
    return objects
      .filter(({ kind }) => kind === 'Service')
      .map(({ namespace, name, pods: names }) => ({
        metadata: { name: `${name}-abc`, namespace, labels: { 'kubernetes.io/service-name': name } },
        endpoints: names.map((pod) => ({ targetRef: { kind: 'Pod', name: pod } })),
      }));
  return objects
    .filter(({ kind }) => plurals[kind] === path)
    .map(({ namespace, name }) => ({
      metadata: { name, namespace, labels: {} },
      spec: { selector: { matchLabels: { of: name } } },
    }));
}

function podsOf({ kind, namespace, name, pods, labels, ...given }: GivenObject): Stored[] {
  const { annotations = {}, address, started = '2026-01-01T00:00:00Z' } = given;
  const [owner, made] = controllerLabels(kind, name);
  return pods.map((pod, at) => ({
    metadata: {
      name: pod,
      namespace,
      uid: `${namespace}/${pod}`,
      labels: { of: name, ...made, ...labels },
      annotations,
      ownerReferences: owner === null ? [] : [{ ...owner, uid: `uid of ${owner.name}`, controller: true }],
    },
    spec: { containers: [{ name: 'app' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        {
          name: 'app',
          ready: true,
          containerID: `containerd://${pod}`,
          imageID: `registry/${name}@sha256:${'1'.repeat(64)}`,
          state: { running: { startedAt: started } },
        },
      ],
      ...(at === 0 && address !== undefined && { podIP: address }),
    },
  }));
}

/** Who owns the pods, and what it writes on them. */
function controllerLabels(
  kind: string,
  name: string,
): [{ kind: string; name: string } | null, Record<string, string>] {
  switch (kind) {
    case 'Pod':
      return [null, {}];
    case 'Deployment':
      return [{ kind: 'ReplicaSet', name: `${name}-7d9f` }, { 'pod-template-hash': '7d9f' }];
    case 'Rollout':
      return [{ kind: 'ReplicaSet', name: `${name}-5c8b` }, { 'rollouts-pod-template-hash': '5c8b' }];
    case 'DeploymentConfig':
      return [{ kind: 'ReplicationController', name: `${name}-2` }, { deploymentconfig: name }];
    case 'Job':
      return [{ kind, name }, { 'batch.kubernetes.io/job-name': name }];
    default:
      return [{ kind, name }, {}];
  }
}

function fieldOf({ metadata, status }: Stored, key: string): unknown {
  const { phase, podIP } = (status ?? {}) as { phase?: string; podIP?: string };
  return { 'metadata.name': metadata.name, 'status.phase': phase, 'status.podIP': podIP }[key];
}

/** `a=b,c` → its terms; null: the API server would refuse it. */
function termsOf(selector: string): [string, string | null][] | null {
  if (selector === '') return [];
  const terms = selector.split(',').map((term) => /^([\w./-]+)(?:=([\w.:-]{0,253}))?$/.exec(term));
  if (terms.some((term) => term === null)) return null;
  return terms.map((term) => [term?.[1] ?? '', term?.[2] ?? null]);
}
