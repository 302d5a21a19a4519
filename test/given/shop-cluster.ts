import { kubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import type { Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import { podTargets, type KubernetesSettings } from '../../src/targets/kubernetes/targets.ts';
import type { Target } from '../../src/captures/target.ts';
import { fakeApiServer, refuse } from '../cluster/fake-apiserver.ts';
import { pod } from './pod.ts';

/** A cluster for moments that a real one does not show on demand: half a rollout, a restart between two questions. */

export const began = '2026-01-02T00:00:00Z';
export const afterwards = '2026-01-02T00:01:00Z';

export interface GivenPod {
  name: string;
  ready?: boolean;
  started?: string;
  containers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Kind and name of what made it; default: the ReplicaSet of the Deployment `web`. */
  madeBy?: [string, string];
  uid?: string;
  /** Tells a container's lives apart. */
  life?: number;
}

export function shopPod(given: GivenPod): Pod {
  const [kind, name] = given.madeBy ?? ['ReplicaSet', 'web-7d9f'];
  return pod({
    name: given.name,
    node: 'n1',
    containers: given.containers ?? ['app'],
    ready: given.ready ?? true,
    started: given.started ?? '2026-01-01T00:00:00Z',
    imageID: `registry/web@sha256:${'1'.repeat(64)}`,
    life: given.life ?? 0,
    metadata: {
      uid: given.uid ?? `uid of ${given.name}`,
      labels: { app: 'web', ...(kind === 'ReplicaSet' && { 'pod-template-hash': '7d9f' }), ...given.labels },
      annotations: given.annotations ?? {},
      ownerReferences: [{ kind, name, uid: `uid of ${name}`, controller: true }],
    },
  });
}

interface Given {
  pods: GivenPod[];
  /** What one of them is a moment later, after the list was made. */
  now?: GivenPod[];
  /** Cores by pod; without it there is no metrics.k8s.io. */
  cores?: Record<string, string>;
  /** Of the Deployment `web`; null: flamepin has no right to read it. */
  deployment?: { labels?: Record<string, string>; annotations?: Record<string, string> } | null;
  settings?: Partial<KubernetesSettings>;
}

export interface ShopCluster extends AsyncDisposable {
  /** @param generatorUrl the link of the alert; default: none */
  resolve(labels: Record<string, string>, generatorUrl?: string): Promise<Target>;
  sibling(target: Target, labels?: Record<string, string>): Promise<Target | null>;
  /** Path and query of every question so far. */
  asked: readonly string[];
}

/** Namespace `shop` with a Deployment, a StatefulSet, a Service and a CronJob's Job, all of which select `app=web`. */
export async function shopCluster(given: Given): Promise<ShopCluster> {
  const listed = given.pods.map(shopPod);
  const current = new Map([...given.pods, ...(given.now ?? [])].map((each) => [each.name, shopPod(each)]));
  const workload = (more: object) => ({
    metadata: { name: 'web', namespace: 'shop', ...more },
    spec: { selector: { matchLabels: { app: 'web' } } },
  });
  const answers: Record<string, unknown> = {
    '/apis/apps/v1/namespaces/shop/deployments/web':
      given.deployment === null ? undefined : workload(given.deployment ?? {}),
    '/apis/apps/v1/namespaces/shop/replicasets/web-7d9f': workload({}),
    '/apis/apps/v1/namespaces/shop/statefulsets/orders': workload({ name: 'orders' }),
    '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices': {
      items: [
        {
          endpoints: listed.map(({ metadata: { name }, status }) => ({
            conditions: { ready: status.conditions.some((each) => each.status === 'True') },
            targetRef: { kind: 'Pod', name },
          })),
        },
      ],
    },
    '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods': given.cores && {
      items: listed.map(({ metadata: { name }, spec }) => ({
        metadata: { name },
        containers: spec.containers.map((each) => ({
          name: each.name,
          usage: { cpu: given.cores?.[name] ?? '0' },
        })),
      })),
    },
  };
  const answerTo = ({ pathname, searchParams }: URL): unknown => {
    if (pathname !== podsPath)
      return current.get(pathname.replace(`${podsPath}/`, '')) ?? answers[pathname] ?? undefined;
    const terms = (searchParams.get('labelSelector') ?? '').split(',').map((term) => term.split('='));
    return {
      items: listed.filter(({ metadata }) =>
        terms.every(([label, value]) => metadata.labels[label ?? ''] === value),
      ),
    };
  };
  const podsPath = '/api/v1/namespaces/shop/pods';
  const asked: string[] = [];
  const fake = await fakeApiServer({
    // No pod can be looked into: only names and metrics tell them apart.
    upgrade: (socket) => {
      refuse(socket, 403, 'no');
      return true;
    },
    request: (request, response) => {
      const url = new URL(request.url ?? '/', 'http://server');
      asked.push(decodeURIComponent(`${url.pathname}${url.search}`));
      const body = answerTo(url);
      const forbidden = given.deployment === null && url.pathname.endsWith('/deployments/web');
      response.statusCode = forbidden ? 403 : body === undefined ? 404 : 200;
      response.end(JSON.stringify(body ?? { kind: 'Status', code: response.statusCode }));
    },
  });
  const targets = podTargets(kubernetesApi(fake.access), {
    protectOnlyReplica: false,
    requireOptIn: false,
    ...given.settings,
  });
  const signal = AbortSignal.timeout(10_000);
  const request = (labels: Record<string, string>, generatorUrl = '') => ({
    labels: { namespace: 'shop', ...labels },
    startsAt: began,
    generatorUrl,
  });
  return {
    asked,
    resolve: (labels, generatorUrl) => targets.resolve(request(labels, generatorUrl), signal),
    sibling: (target, labels = {}) =>
      targets.sibling?.(target, request(labels), signal) ?? Promise.resolve(null),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  };
}
