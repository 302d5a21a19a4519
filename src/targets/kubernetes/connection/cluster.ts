import type { z } from 'zod';
import { Failure } from '../../../reasons/failure.ts';
import type { KubernetesApi } from './api.ts';
import {
  autoscalerSchema,
  controllerOf,
  endpointSliceListSchema,
  podListSchema,
  podMetricsListSchema,
  podSchema,
  selectorOf,
  workloadListSchema,
  workloadSchema,
  type Owner,
  type Pod,
  type Workload,
} from './objects.ts';
import {
  autoscalerPath,
  endpointSlicesPath,
  podMetricsPath,
  podPath,
  podsPath,
  workloadPath,
  workloadsPath,
} from './paths.ts';
import { Recent } from './recent.ts';

/** Labels that Deployments, StatefulSets and DaemonSets, Argo's Rollouts, and Jobs put on the pods of one template. */
const revisionMarks = [
  'pod-template-hash',
  'controller-revision-hash',
  'rollouts-pod-template-hash',
  'batch.kubernetes.io/job-name',
];
/** Pods considered per workload or service: the first, by name. */
const maxPods = 200;

/**
 * Queries to the API server, each one or two small requests. No watch and no list of all pods: ten thousand of them would
 * cost flamepin a hundred megabytes. Answers are cached for five seconds.
 */
export class Cluster {
  readonly #api: Pick<KubernetesApi, 'get' | 'send'>;
  readonly #recent = new Recent<unknown>();

  constructor(api: Pick<KubernetesApi, 'get' | 'send'>) {
    this.#api = api;
  }

  async pod(namespace: string, name: string): Promise<Pod | undefined> {
    return this.#get(podSchema, podPath(namespace, name));
  }

  /** The same, never cached: for use before and after acting on it. */
  async podNow(namespace: string, name: string, signal?: AbortSignal): Promise<Pod | undefined> {
    const path = podPath(namespace, name);
    return read(podSchema, path, await this.#api.get(path, {}, signal));
  }

  /** Running pods with a field, in a namespace or (null) everywhere: `metadata.name`, `status.podIP`. */
  async podsByField(namespace: string | null, field: string, value: string): Promise<Pod[]> {
    const list = await this.#get(podListSchema, podsPath(namespace), {
      fieldSelector: `${field}=${value},status.phase=Running`,
      // From the server's cache: exact enough for a pod that has been running since before the alert.
      resourceVersion: '0',
    });
    return list?.items ?? [];
  }

  /** @param namespace null: in all of them */
  async podsBySelector(namespace: string | null, labelSelector: string): Promise<Pod[]> {
    const list = await this.#get(podListSchema, podsPath(namespace), {
      labelSelector,
      limit: String(maxPods),
    });
    return list?.items ?? [];
  }

  /**
   * A pod and its peers from the same template, found by the controller's label on them, so that no permission to read
   * the controller is needed. Without such a label, the pod alone.
   */
  async podsOfRevision(pod: Pod): Promise<Pod[]> {
    const { namespace, labels } = pod.metadata;
    const mark = revisionMarks.find((name) => labels[name] !== undefined);
    const parent = controllerOf(pod)?.uid;
    if (mark === undefined || parent === undefined) return [pod];
    const marked = await this.podsBySelector(namespace, `${mark}=${labels[mark] ?? ''}`);
    return marked.filter((each) => controllerOf(each)?.uid === parent);
  }

  /** Undefined: there is none of that kind and name, or no such kind that has pods. */
  async workload(namespace: string, { kind, name }: Owner): Promise<Workload | undefined> {
    const path = workloadPath(kind, namespace, name);
    return path === undefined ? undefined : this.#get(workloadSchema, path);
  }

  /** In which namespaces there is a workload of that name. */
  async namespacesOf(kind: string, name: string): Promise<string[]> {
    const path = workloadsPath(kind);
    if (path === undefined) return [];
    const list = await this.#get(workloadListSchema, path, {
      fieldSelector: `metadata.name=${name}`,
    });
    return (list?.items ?? []).map(({ metadata }) => metadata.namespace);
  }

  /** The selector of a workload's pods; undefined when there is no such workload. */
  async podSelector(namespace: string, owner: Owner): Promise<string | undefined> {
    if (owner.kind === 'Job') return `batch.kubernetes.io/job-name=${owner.name}`;
    const workload = await this.workload(namespace, owner);
    const selector = workload === undefined ? '' : selectorOf(workload);
    // An empty selector would mean every pod of the namespace.
    return selector === '' ? undefined : selector;
  }

  async scaleTarget(namespace: string, autoscaler: string): Promise<Owner | undefined> {
    return (await this.#get(autoscalerSchema, autoscalerPath(namespace, autoscaler)))?.spec.scaleTargetRef;
  }

  /**
   * Names of the pods behind the services of that name, by namespace; also of pods that are too busy to be ready.
   * @param namespace null: in all of them
   */
  async podsOfService(namespace: string | null, service: string): Promise<Map<string, string[]>> {
    const list = await this.#get(endpointSliceListSchema, endpointSlicesPath(namespace), {
      labelSelector: `kubernetes.io/service-name=${service}`,
    });
    const found = new Map<string, string[]>();
    for (const { metadata, endpoints } of list?.items ?? []) {
      const home = namespace ?? metadata.namespace;
      const names = (endpoints ?? [])
        .filter(({ targetRef }) => targetRef?.kind === 'Pod')
        .map(({ targetRef }) => targetRef?.name ?? '');
      found.set(home, [...new Set([...(found.get(home) ?? []), ...names])].sort().slice(0, maxPods));
    }
    return found;
  }

  /** CPU in cores by `POD/CONTAINER`, as metrics.k8s.io has it; null where there is no such API. */
  async cpuCores(namespace: string, signal: AbortSignal): Promise<Map<string, number> | null> {
    const answer = await this.#api.send({ path: podMetricsPath(namespace), signal });
    const parsed = answer.status === 200 ? podMetricsListSchema.safeParse(answer.body) : null;
    if (parsed?.success !== true) return null;
    const cores = new Map<string, number>();
    for (const { metadata, containers } of parsed.data.items)
      for (const { name, usage } of containers) cores.set(`${metadata.name}/${name}`, coresOf(usage.cpu));
    return cores;
  }

  #get<Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<z.infer<Schema> | undefined> {
    const key = `${path}?${new URLSearchParams(query).toString()}`;
    return this.#recent.get(key, async () => read(schema, path, await this.#api.get(path, query))) as Promise<
      z.infer<Schema> | undefined
    >;
  }
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  path: string,
  body: unknown,
): z.infer<Schema> | undefined {
  if (body === undefined) return undefined;
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Failure('exec-unavailable', {
    detail: `GET ${path}: not an answer of a Kubernetes API server`,
    cause: parsed.error,
  });
}

/** A Kubernetes quantity of CPU: `250m`, `1`, `183264512n`. */
function coresOf(quantity: string): number {
  const [, number = '0', unit = ''] = /^([0-9.]+)([num]?)$/.exec(quantity) ?? [];
  const scale: Record<string, number> = { '': 1, m: 1e-3, u: 1e-6, n: 1e-9 };
  return Number(number) * (scale[unit] ?? 0);
}
