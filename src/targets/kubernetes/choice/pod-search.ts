import type { Lead, Place } from '../../../alerts/lead.ts';
import { isLabelValue } from '../../../alerts/kubernetes-names.ts';
import { Failure } from '../../../reasons/failure.ts';
import type { Cluster } from '../connection/cluster.ts';
import { ownerOf, type Pod } from '../connection/objects.ts';
import { decisive, namesOf } from './ambiguous.ts';
import { namespacesWith, podsOfWorkload } from './workload-pods.ts';

/** Pods that a lead leads to, regardless of their health. */
export interface Hit {
  pods: Pod[];
  /** The alert means this very pod (by name or address), not one of a workload. */
  exact: boolean;
  /** In words, for the choice: `Deployment shop/checkout`, `service shop/checkout`. */
  by: string;
}

/** A lead that led nowhere: why, in words. */
type Nowhere = string;

/** Kinds to try for a workload that is named without one. */
const guessedKinds = ['Deployment', 'StatefulSet', 'DaemonSet'];
const parallelGets = 8;
/** So many places of one name are ambiguous without looking into each. */
const maxPlaces = 20;

/** Where one lead leads: by name, address, workload, autoscaler or service. */
export class PodSearch {
  readonly #cluster: Cluster;
  readonly #allowed: readonly string[] | null;

  constructor(cluster: Cluster, allowed: readonly string[] | null) {
    this.#cluster = cluster;
    this.#allowed = allowed;
  }

  /**
   * Resolves to why the lead leads nowhere, when it does. Rejects with target-ambiguous, target-not-found (what is named
   * exists, without pods), namespace-not-configured, or of the API.
   */
  async follow(lead: Lead): Promise<Hit | Nowhere> {
    const places = this.#permitted(lead.places);
    switch (lead.kind) {
      case 'pod':
        return this.#byName(places);
      case 'workload':
        return this.#byWorkload(lead, places);
      case 'autoscaler':
        return this.#byAutoscaler(places);
      case 'address':
        return this.#byAddress(places);
      case 'pod-guess':
        return this.#byGuess(places);
      case 'service':
        return this.#byService(lead, places);
    }
  }

  /** Throws namespace-not-configured when none of the places is one where flamepin may look. */
  #permitted(places: readonly Place[]): Place[] {
    const allowed = this.#allowed;
    if (allowed === null) return [...places];
    const permitted = places.filter(({ namespace }) => namespace === null || allowed.includes(namespace));
    const [first] = places;
    if (permitted.length === 0 && first !== undefined)
      throw new Failure('namespace-not-configured', { detail: first.namespace ?? '' });
    return permitted;
  }

  /** Each place with a namespace to look in; null: in all at once. */
  #spread(places: readonly Place[]): Place[] {
    return places.flatMap((place) =>
      place.namespace !== null || this.#allowed === null
        ? [place]
        : this.#allowed.map((namespace) => ({ ...place, namespace })),
    );
  }

  async #byName(places: readonly Place[]): Promise<Hit | Nowhere> {
    const [first] = places;
    const pods = (
      await Promise.all(
        places.map(async ({ namespace, name }) =>
          namespace === null
            ? this.#podsByField([{ namespace, name }], 'metadata.name')
            : [await this.#cluster.pod(namespace, name)].filter((pod) => pod !== undefined),
        ),
      )
    ).flat();
    const what = `pod ${placeWords(first)}`;
    if (pods.length === 0) return `there is no ${what}`;
    if (pods.length > 1) throw ambiguousPods(what, pods);
    return { pods, exact: true, by: what };
  }

  async #byAddress(places: readonly Place[]): Promise<Hit | Nowhere> {
    const address = places[0]?.name ?? '';
    const pods = (await this.#podsByField(places, 'status.podIP')).filter(
      ({ metadata }) => metadata.deletionTimestamp === null,
    );
    if (pods.length === 0) return `no running pod has the address ${address}`;
    if (pods.some(({ spec }) => spec.hostNetwork))
      throw new Failure('target-ambiguous', {
        detail: `${address} is the address of a node, which every pod on its network shares`,
      });
    if (pods.length > 1) throw ambiguousPods(`address ${address}`, pods);
    return { pods, exact: true, by: `address ${address}` };
  }

  async #byGuess(places: readonly Place[]): Promise<Hit | Nowhere> {
    const name = places[0]?.name ?? '';
    const pods = await this.#podsByField(places, 'metadata.name');
    if (pods.length > 1) throw ambiguousPods(`pod ${name}`, pods);
    return pods.length === 0 ? `there is no running pod ${name}` : { pods, exact: true, by: `pod ${name}` };
  }

  async #byAutoscaler(places: readonly Place[]): Promise<Hit | Nowhere> {
    const hits = await Promise.all(
      this.#spread(places).map(async ({ namespace, name }): Promise<Hit[]> => {
        if (namespace === null)
          throw new Failure('target-ambiguous', {
            detail: `autoscaler ${name}, but the alert has no namespace: ${decisive('namespace')}`,
          });
        const target = await this.#cluster.scaleTarget(namespace, name);
        const pods = target && (await podsOfWorkload(this.#cluster, namespace, target));
        if (target === undefined || pods === undefined) return [];
        if (pods.length === 0) throw withoutPods(`${target.kind} ${namespace}/${target.name}`);
        return [{ pods, exact: false, by: `${target.kind} ${namespace}/${target.name}` }];
      }),
    );
    const [place] = places;
    return (
      theOnly(hits.flat(), 'namespace') ??
      `there is no HorizontalPodAutoscaler ${placeWords(place)} with pods`
    );
  }

  async #byWorkload(lead: Lead, places: readonly Place[]): Promise<Hit | Nowhere> {
    const kinds = lead.workloadKind === null ? guessedKinds : [lead.workloadKind];
    const { hits, empty } = await this.#workloads(kinds, places);
    const found = theOnly(hits, decisiveLabel(hits), lead.hint);
    if (found !== null) return found;
    // It exists, so that nothing else can be meant.
    if (empty[0] !== undefined) throw withoutPods(empty[0]);
    const rollouts = lead.workloadKind === null ? await this.#workloads(['Rollout'], places) : { hits: [] };
    const what = `there is no ${lead.workloadKind ?? 'workload'} ${placeWords(places[0])}`;
    return theOnly(rollouts.hits, 'namespace') ?? (await this.#byPodLabel(lead, places)) ?? what;
  }

  /** The Service with that name, or what the application calls itself: its workload's name, or a label of its pods. */
  async #byService(lead: Lead, places: readonly Place[]): Promise<Hit | Nowhere> {
    const spread = this.#spread(places);
    const services = await this.#services(spread);
    // In one namespace the Service is decisive; with several, a workload elsewhere could be meant as well.
    const sole = spread.length === 1 && spread[0]?.namespace !== null && services.length > 0;
    const { hits, empty } = sole ? { hits: [], empty: [] } : await this.#workloads(guessedKinds, places);
    const elsewhere = hits.filter((hit) => !services.some((service) => sameNamespace(service, hit)));
    const all = [...services, ...elsewhere];
    const found = theOnly(all, decisiveLabel(all), lead.hint);
    if (found !== null) return found;
    if (empty[0] !== undefined) throw withoutPods(empty[0]);
    const rollouts = theOnly((await this.#workloads(['Rollout'], places)).hits, 'namespace', lead.hint);
    return (
      rollouts ??
      (await this.#byPodLabel(lead, places)) ??
      `there is no Service or workload ${placeWords(places[0])} with pods`
    );
  }

  async #services(places: readonly Place[]): Promise<Hit[]> {
    const hits = await Promise.all(
      places
        .filter(({ name }) => isLabelValue(name))
        .map(async ({ namespace, name }) => {
          const found = await this.#cluster.podsOfService(namespace, name);
          return Promise.all(
            [...found].slice(0, maxPlaces).map(async ([home, names]) => ({
              pods: await this.#get(home, names),
              exact: false,
              by: `service ${home}/${name}`,
            })),
          );
        }),
    );
    return hits.flat().filter(({ pods }) => pods.length > 0);
  }

  /** @returns those that have pods, and the names of those that exist without any */
  async #workloads(
    kinds: readonly string[],
    places: readonly Place[],
  ): Promise<{ hits: Hit[]; empty: string[] }> {
    const owners = (
      await Promise.all(
        this.#spread(places).flatMap(({ namespace, name }) =>
          kinds.map(async (kind) => {
            const homes =
              namespace === null ? await namespacesWith(this.#cluster, { kind, name }) : [namespace];
            return homes.map((home) => ({ namespace: home, kind, name }));
          }),
        ),
      )
    ).flat();
    if (owners.length > maxPlaces * kinds.length)
      throw new Failure('target-ambiguous', {
        detail: `${owners.length} are called ${places[0]?.name ?? ''}: ${decisive('namespace')}`,
      });
    const hits: Hit[] = [];
    const empty: string[] = [];
    for (const { namespace, kind, name } of owners) {
      const pods = await podsOfWorkload(this.#cluster, namespace, { kind, name });
      const by = `${kind} ${namespace}/${name}`;
      if (pods === undefined) continue;
      if (pods.length === 0) empty.push(by);
      else hits.push({ pods, exact: false, by });
    }
    return { hits, empty };
  }

  /** Pods that carry the name in a label; all of one workload. */
  async #byPodLabel({ podLabel, hint }: Lead, places: readonly Place[]): Promise<Hit | null> {
    if (podLabel === null) return null;
    const hits = await Promise.all(
      this.#spread(places)
        .filter(({ name }) => isLabelValue(name))
        .map(async ({ namespace, name }): Promise<Hit[]> => {
          const pods = await this.#cluster.podsBySelector(namespace, `${podLabel}=${name}`);
          const owners = new Map<string, Pod[]>();
          for (const pod of pods) {
            const { kind, name: owner } = ownerOf(pod);
            const by = `${kind} ${pod.metadata.namespace}/${owner}`;
            owners.set(by, [...(owners.get(by) ?? []), pod]);
          }
          return [...owners].map(([by, some]) => ({ pods: some, exact: false, by }));
        }),
    );
    const all = hits.flat();
    return theOnly(all, decisiveLabel(all), hint);
  }

  async #podsByField(places: readonly Place[], field: string): Promise<Pod[]> {
    const found = await Promise.all(
      this.#spread(places).map(({ namespace, name }) => this.#cluster.podsByField(namespace, field, name)),
    );
    return found.flat();
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

const namespaceOf = ({ pods }: Hit): string => pods[0]?.metadata.namespace ?? '';
const sameNamespace = (a: Hit, b: Hit): boolean => namespaceOf(a) === namespaceOf(b);

/** What would tell them apart: the namespace, or in one namespace the workload. */
function decisiveLabel(hits: readonly Hit[]): 'namespace' | 'workload' {
  return new Set(hits.map(namespaceOf)).size > 1 ? 'namespace' : 'workload';
}

/**
 * The only one that fits; null: none does. Throws target-ambiguous.
 * @param hint a namespace that decides between several, if it is one of theirs
 */
function theOnly(
  hits: readonly Hit[],
  label: 'namespace' | 'workload',
  hint: string | null = null,
): Hit | null {
  const [first, ...others] = hits;
  if (first === undefined || others.length === 0) return first ?? null;
  const hinted = hits.filter((hit) => namespaceOf(hit) === hint);
  if (hinted.length === 1 && hinted[0] !== undefined) return hinted[0];
  throw new Failure('target-ambiguous', {
    detail: `${namesOf(hits.map(({ by }) => by))}: ${decisive(label)}`,
  });
}

function ambiguousPods(what: string, pods: readonly Pod[]): Failure {
  const names = namesOf(pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  return new Failure('target-ambiguous', { detail: `${what}: ${names}: ${decisive('namespace')}` });
}

function withoutPods(by: string): Failure {
  return new Failure('target-not-found', { detail: `${by} has no pods` });
}

function placeWords(place: Place | undefined): string {
  return place === undefined ? '' : `${place.namespace === null ? '' : `${place.namespace}/`}${place.name}`;
}
