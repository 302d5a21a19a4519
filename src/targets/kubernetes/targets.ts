import { Failure, type Reason } from '../../reasons/failure.ts';
import type { LabelMapping } from '../../alerts/label-mapping.ts';
import { wantedFrom } from '../../alerts/labels.ts';
import type { Exec } from '../../profiler/exec.ts';
import type { Target, TargetRequest, Targets } from '../../captures/target.ts';
import { accessCluster } from './connection/access.ts';
import { kubernetesApi, type KubernetesApi } from './connection/api.ts';
import { checkRights } from './connection/check-rights.ts';
import { choosePod } from './choice/choose-pod.ts';
import { chooseSibling, eligibleSiblings } from './choice/choose-sibling.ts';
import { Cluster } from './connection/cluster.ts';
import type { EphemeralSettings } from './agent/agent-spec.ts';
import { AgentContainers } from './agent/ephemeral.ts';
import { ExecSlots } from './connection/exec-slots.ts';
import { kubernetesExec, type ContainerPlace } from './connection/exec.ts';
import { findPods, type Found } from './choice/find-pods.ts';
import { chooseContainer, describeIneligible, eligiblePods, startedAt } from './choice/judge-pod.ts';
import { healthOf } from './health.ts';
import type { Choosing } from './choice/measure-pods.ts';
import { imageOf, isReady, ownerOf, type Pod } from './connection/objects.ts';
import { protectOnlyReplica } from './choice/only-replica.ts';
import { podDataSchema, podsNamed, type NamedPod, type PodData } from './connection/place.ts';
import type { GrafanaAccess } from './choice/grafana-rules.ts';
import type { PrometheusSettings } from './choice/prometheus.ts';
import { RuleExpressions } from './choice/rule-expressions.ts';
import { workloadsOf } from './choice/workloads.ts';

/** The cluster's configuration; the keys are documented there. */
export interface KubernetesSettings {
  kubeconfig?: string | undefined;
  context?: string | undefined;
  cluster?: string | undefined;
  namespaces?: readonly string[] | undefined;
  ephemeral?: EphemeralSettings | undefined;
  prometheus?: PrometheusSettings | undefined;
  /** Where the rules that it manages itself are read, and their data sources asked. */
  grafana?: GrafanaAccess | undefined;
  labels?: LabelMapping | undefined;
  protectOnlyReplica: boolean;
  requireOptIn: boolean;
}

/** JVMs in the pods of one cluster. Throws exec-unavailable when there is no usable kubeconfig. */
export function kubernetesTargets(settings: KubernetesSettings): Targets {
  const access = accessCluster({
    kubeconfig: settings.kubeconfig ?? null,
    context: settings.context ?? null,
  });
  return podTargets(kubernetesApi(access), settings);
}

/** The same over an existing connection. */
export function podTargets(api: KubernetesApi, settings: KubernetesSettings): Targets {
  const cluster = new Cluster(api);
  const slots = new ExecSlots();
  const namespaces = settings.namespaces ?? null;
  const rules = new RuleExpressions({
    prometheus: settings.prometheus ?? null,
    grafana: settings.grafana ?? null,
  });

  const openPlain = (place: ContainerPlace, containerId: string): Exec =>
    kubernetesExec({
      ...place,
      api,
      slots,
      running: async (signal) => {
        const pod = await cluster.podNow(place.namespace, place.pod, signal);
        const all = [
          ...(pod?.status.containerStatuses ?? []),
          ...(pod?.status.ephemeralContainerStatuses ?? []),
        ];
        return all.some((each) => each.state.running !== null && each.containerID === containerId);
      },
    });

  const agents =
    settings.ephemeral === undefined
      ? null
      : new AgentContainers({ settings: settings.ephemeral, api, cluster, openPlain });

  const open: Targets['open'] = (target, again) => {
    const data = podDataSchema.parse(target.data);
    const plain = openPlain(data, data.containerId);
    if (agents === null) return plain;
    return again === undefined ? agents.open(data, plain) : agents.reopen(data, plain, again.place);
  };

  const choosing = (request: TargetRequest, container: (pod: Pod) => string): Choosing => ({
    cluster,
    prometheus: settings.prometheus ?? null,
    rules,
    generatorUrl: request.generatorUrl,
    meant: { labels: request.labels, cluster: settings.cluster ?? null },
    open: request.readOnly
      ? null
      : (pod) => openPlain({ ...placeIn(pod), container: container(pod) }, containerId(pod, container(pod))),
    container,
  });

  const resolve = async (request: TargetRequest, signal: AbortSignal): Promise<Target> => {
    signal.throwIfAborted();
    const wanted = wantedFrom(request.labels, settings.labels, request.fixed);
    if (request.uri === undefined && settings.cluster !== undefined && wanted.cluster !== null)
      if (wanted.cluster !== settings.cluster)
        throw new Failure('other-cluster', { detail: `${wanted.cluster}, this is ${settings.cluster}` });
    const byHand =
      request.uri === undefined
        ? null
        : await podByHand(cluster, podsNamed(request.uri, api.access.contexts), namespaces);
    const named = byHand?.container ?? wanted.container;
    const found = byHand?.found ?? (await findPods(cluster, wanted, namespaces));
    const container = (pod: Pod): string => chooseContainer(pod, named).container;
    const policy = { ...settings, workload: await workloadsOf(cluster, found.pods) };
    const fit = (some: readonly Pod[]) =>
      eligiblePods(some, container, policy, byHand ? null : request.startsAt);
    const { pods, refusals } = fit(found.pods);
    const [first, ...others] = pods;
    if (first === undefined) throw noneEligible(found, refusals);
    const chosen = await choosePod([first, ...others], choosing(request, container), signal);
    const pod = await asItIsNow(cluster, chosen.pod, fit, signal);
    if (settings.protectOnlyReplica) await protectOnlyReplica(cluster, pod);
    const leftOut = describeIneligible(refusals, found.pods.length);
    return describe(pod, named, chosen.why, leftOut, found.ladder);
  };

  const sibling = async (
    { data, image }: Target,
    request: TargetRequest,
    signal: AbortSignal,
  ): Promise<Target | null> => {
    const { namespace, pod: name, container: named, uid } = podDataSchema.parse(data);
    const target = await cluster.pod(namespace, name);
    if (target?.metadata.uid !== uid) return null;
    const container = (): string => named;
    const policy = { ...settings, workload: await workloadsOf(cluster, [target]) };
    const alertStartsAt = request.uri === undefined ? request.startsAt : null;
    const criteria = { target, image, alertStartsAt, protectOnlyReplica: settings.protectOnlyReplica };
    const fit = (some: readonly Pod[]) => eligiblePods(some, container, policy, alertStartsAt);
    const [first, ...others] = eligibleSiblings(
      await cluster.podsOfRevision(target),
      criteria,
      container,
      policy,
    );
    if (first === undefined) return null;
    const chosen = await chooseSibling([first, ...others], choosing(request, container), signal);
    return describe(await asItIsNow(cluster, chosen.pod, fit, signal), named, chosen.why);
  };

  return {
    resolve,
    sibling,
    open,
    health: async (target, _session, signal) => {
      const data = podDataSchema.parse(target.data);
      return healthOf(data, await cluster.podNow(data.namespace, data.pod, signal));
    },
    check: (signal) => checkRights(api, settings, signal),
    close: () => {
      api.access.close();
      return Promise.resolve();
    },
  };
}

/** The first reading of the URI that is a pod; when none is, rejects as the first one does. */
async function podByHand(
  cluster: Cluster,
  readings: readonly NamedPod[],
  namespaces: readonly string[] | null,
): Promise<{ found: Found; container: string | null }> {
  let refusal: unknown;
  for (const { namespace, pod: name, container } of readings)
    try {
      if (namespaces !== null && !namespaces.includes(namespace))
        throw new Failure('namespace-not-configured', { detail: namespace });
      const pod = await cluster.podNow(namespace, name);
      if (pod === undefined)
        throw new Failure('target-not-found', { detail: `there is no pod ${namespace}/${name}` });
      return { found: { pods: [pod], exact: true, by: 'the name given', ladder: '' }, container };
    } catch (error) {
      refusal ??= error;
    }
  throw refusal;
}

/**
 * The choice was made on data up to five seconds old. A pod that was replaced since, or whose container restarted, is not
 * the one that was slow, and the profiler must not be blamed for the restart. Rejects with why it is no longer eligible.
 */
async function asItIsNow(
  cluster: Cluster,
  { metadata: { namespace, name, uid } }: Pod,
  fit: (pods: readonly Pod[]) => { refusals: readonly Reason[] },
  signal: AbortSignal,
): Promise<Pod> {
  const now = await cluster.podNow(namespace, name, signal);
  if (now?.metadata.uid !== uid) throw new Failure('target-gone', { detail: `pod ${name} was deleted` });
  const [refusal] = fit([now]).refusals;
  if (refusal !== undefined) throw new Failure(refusal.code, { detail: refusal.detail });
  return now;
}

function noneEligible(found: Found, refusals: readonly Reason[]): Failure {
  const [first] = refusals;
  if (first === undefined) return new Failure('target-not-found', { detail: `${found.by} has no pods` });
  const more =
    refusals.length > 1 ? ` (${found.by}: none of its ${refusals.length} pods can be profiled)` : '';
  return new Failure(first.code, { detail: `${first.detail}${more}` });
}

function placeIn(pod: Pod): { namespace: string; pod: string } {
  return { namespace: pod.metadata.namespace, pod: pod.metadata.name };
}

function containerId(pod: Pod, container: string): string {
  return pod.status.containerStatuses.find(({ name }) => name === container)?.containerID ?? '';
}

function describe(pod: Pod, named: string | null, whyPod: string, ...more: string[]): Target {
  const { container, why } = chooseContainer(pod, named);
  const status = pod.status.containerStatuses.find(({ name }) => name === container);
  const owner = ownerOf(pod);
  const { namespace, name, uid } = pod.metadata;
  const unready = isReady(pod) ? '' : 'the pod is not ready';
  const data: PodData = {
    ...placeIn(pod),
    container,
    uid,
    containerId: status?.containerID ?? '',
    restartCount: status?.restartCount ?? 0,
  };
  return {
    kind: 'kubernetes',
    uri: `kubernetes://${namespace}/${name}/${container}`,
    name,
    workload: `${namespace}/${owner.kind}/${owner.name}`,
    node: pod.spec.nodeName,
    image: imageOf(pod, container),
    startedAt: startedAt(pod, container),
    choice: [whyPod, why, unready, ...more].filter((words) => words !== '').join('; '),
    data,
  };
}
