import { Failure } from '../../../reasons/failure.ts';
import type { Wanted } from '../../../alerts/labels.ts';
import type { Cluster } from '../connection/cluster.ts';
import { controllerOf, ownerOf, type Owner, type Pod } from '../connection/objects.ts';

/** Pods that the labels lead to, regardless of their health. */
export interface Found {
  pods: Pod[];
  /** The alert means this very pod (by name or address), not one of a workload. */
  exact: boolean;
  /** In words, for the choice: `Deployment shop/checkout`, `service shop/checkout`. */
  by: string;
}

/** Kinds to try for a workload that is named without one. */
export const guessedKinds = ['Deployment', 'StatefulSet', 'DaemonSet'];
const parallelGets = 8;

/**
 * Labels → pods: pod, workload, autoscaler, address, guessed pod, service, whichever the labels say first.
 * @param namespaces where flamepin may look; null: everywhere that its rights allow
 * Rejects with no-target-labels, target-not-found, target-ambiguous, namespace-not-configured, or of the API.
 */
export async function findPods(
  cluster: Cluster,
  wanted: Wanted,
  namespaces: readonly string[] | null,
): Promise<Found> {
  const search = new Search(cluster, wanted.namespace, namespaces);
  const { pod, workload, hpa, podIp, podGuess, service } = wanted;
  if (pod !== null) return search.byName(pod);
  if (workload !== null) return search.byWorkload(workload.kind, workload.name);
  if (hpa !== null) return search.byAutoscaler(hpa);
  if (podIp !== null) return search.byAddress(podIp);
  if (podGuess !== null) {
    const guessed = await search.podsByField('metadata.name', podGuess);
    if (guessed.length === 1) return { pods: guessed, exact: true, by: `pod ${podGuess}` };
  }
  if (service !== null) return search.byService(service.name);
  throw new Failure('no-target-labels', { detail: 'no pod, workload, instance or service label' });
}

class Search {
  readonly #cluster: Cluster;
  readonly #namespace: string | null;
  readonly #allowed: readonly string[] | null;

  constructor(cluster: Cluster, namespace: string | null, allowed: readonly string[] | null) {
    if (namespace !== null && allowed !== null && !allowed.includes(namespace))
      throw new Failure('namespace-not-configured', { detail: namespace });
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#allowed = allowed;
  }

  async byName(name: string): Promise<Found> {
    const pods =
      this.#namespace === null
        ? await this.podsByField('metadata.name', name)
        : [await this.#cluster.pod(this.#namespace, name)].filter((pod) => pod !== undefined);
    const what = `pod ${this.#namespace === null ? '' : `${this.#namespace}/`}${name}`;
    if (pods.length === 0) throw new Failure('target-not-found', { detail: `there is no ${what}` });
    if (pods.length > 1) throw ambiguous(what, pods);
    return { pods, exact: true, by: what };
  }

  async byAddress(address: string): Promise<Found> {
    const pods = (await this.podsByField('status.podIP', address)).filter(
      ({ metadata }) => metadata.deletionTimestamp === null,
    );
    if (pods.length === 0)
      throw new Failure('target-not-found', { detail: `no running pod has the address ${address}` });
    if (pods.some(({ spec }) => spec.hostNetwork))
      throw new Failure('target-ambiguous', {
        detail: `${address} is the address of a node, shared by all that use its network`,
      });
    if (pods.length > 1) throw ambiguous(`address ${address}`, pods);
    return { pods, exact: true, by: `address ${address}` };
  }

  async byWorkload(kind: string | null, name: string): Promise<Found> {
    const kinds = kind === null ? guessedKinds : [kind];
    for (const each of kinds) {
      const namespace = await this.#namespaceOf(each, name);
      if (namespace === null) continue;
      const found = await this.#podsOf(namespace, { kind: each, name });
      if (found !== null) return found;
    }
    throw new Failure('target-not-found', {
      detail: `there is no ${kind ?? 'workload'} ${this.#namespace ?? ''}/${name}`,
    });
  }

  async byAutoscaler(name: string): Promise<Found> {
    if (this.#namespace === null) throw withoutNamespace(`autoscaler ${name}`);
    const target = await this.#cluster.scaleTarget(this.#namespace, name);
    const found = target && (await this.#podsOf(this.#namespace, target));
    if (!found)
      throw new Failure('target-not-found', {
        detail: `there is no HorizontalPodAutoscaler ${this.#namespace}/${name} with pods`,
      });
    return found;
  }

  async byService(name: string): Promise<Found> {
    const namespaces = this.#namespace === null ? (this.#allowed ?? []) : [this.#namespace];
    if (namespaces.length === 0) throw withoutNamespace(`service ${name}`);
    for (const namespace of namespaces) {
      const names = await this.#cluster.podsOfService(namespace, name);
      const pods = await this.#get(namespace, names);
      if (pods.length > 0) return { pods, exact: false, by: `service ${namespace}/${name}` };
    }
    // A service label often carries the application's own name, which then is its workload's.
    return this.byWorkload(null, name);
  }

  async podsByField(field: string, value: string): Promise<Pod[]> {
    const places = this.#namespace !== null ? [this.#namespace] : (this.#allowed ?? [null]);
    const found = await Promise.all(places.map((place) => this.#cluster.podsByField(place, field, value)));
    return found.flat();
  }

  async #namespaceOf(kind: string, name: string): Promise<string | null> {
    if (this.#namespace !== null) return this.#namespace;
    if (this.#allowed === null) {
      const [first, ...others] = await this.#cluster.namespacesOf(kind, name);
      if (others.length > 0)
        throw new Failure('target-ambiguous', {
          detail: `there is a ${kind} ${name} in ${[first, ...others].slice(0, 5).join(', ')}`,
        });
      return first ?? null;
    }
    for (const namespace of this.#allowed)
      if ((await this.#cluster.workload(namespace, { kind, name })) !== undefined) return namespace;
    return null;
  }

  /** A selector may match pods of other workloads too; only the workload's own are kept. */
  async #podsOf(namespace: string, owner: Owner): Promise<Found | null> {
    const selector = await this.#cluster.podSelector(namespace, owner);
    if (selector === undefined) return null;
    const pods = (await this.#cluster.podsBySelector(namespace, selector)).filter((pod) => {
      const own = ownerOf(pod);
      return (own.kind === owner.kind && own.name === owner.name) || controllerOf(pod)?.name === owner.name;
    });
    const by = `${owner.kind} ${namespace}/${owner.name}`;
    if (pods.length === 0) throw new Failure('target-not-found', { detail: `${by} has no pods` });
    return { pods, exact: false, by };
  }

  async #get(namespace: string, names: readonly string[]): Promise<Pod[]> {
    const pods: Pod[] = [];
    for (let at = 0; at < names.length; at += parallelGets) {
      const some = names.slice(at, at + parallelGets);
      const found = await Promise.all(some.map((name) => this.#cluster.pod(namespace, name)));
      pods.push(...found.filter((pod) => pod !== undefined));
    }
    return pods;
  }
}

function ambiguous(what: string, pods: readonly Pod[]): Failure {
  const names = pods.slice(0, 5).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return new Failure('target-ambiguous', { detail: `${what}: ${names.join(', ')}` });
}

function withoutNamespace(what: string): Failure {
  return new Failure('target-ambiguous', { detail: `${what}, but the alert carries no namespace` });
}
