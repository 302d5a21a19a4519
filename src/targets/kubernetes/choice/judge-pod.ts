import { Failure } from '../../../reasons/failure.ts';
import type { Reason } from '../../../reasons/failure.ts';
import { ownerOf, type Pod, type Workload } from '../connection/objects.ts';

/** Pure decisions over one pod: may it be profiled, and which container of it. */

export interface Policy {
  /** Only pods with `flamepin.io/profile: allow`, on themselves or their workload. */
  requireOptIn: boolean;
  /** What a pod is of, where that may be read: its owner speaks for it. */
  workload: (pod: Pod) => Workload | undefined;
}

const permission = 'flamepin.io/profile';
/** Containers that stand beside the JVM by convention. */
const sidecars =
  /^(?:istio-proxy|istio-init|linkerd-proxy|envoy|vault-agent|cloud-sql-proxy|fluent-bit|filebeat|dapr|daprd|config-reloader|kube-rbac-proxy)$/;
const exporters = /^(?:kube-state-metrics|prometheus-node-exporter|node-exporter|cadvisor)$/;
/** Prometheus' clock against the node's; a JVM that started this shortly after the alert is not told apart. */
const clockToleranceMilliseconds = 5_000;
/** Of pods that are left out; a rollout leaves out dozens for the same reason. */
const maxReasonsTold = 3;

/** Why this pod cannot be profiled, whoever asks; null when it can. */
export function refusalOf(pod: Pod, container: string, policy: Policy): Reason | null {
  const { metadata, status } = pod;
  const name = `${metadata.namespace}/${metadata.name}`;
  if (metadata.deletionTimestamp !== null)
    return { code: 'target-not-running', detail: `${name} is terminating` };
  if (status.phase !== 'Running')
    return {
      code: 'target-not-running',
      detail: `${name} is ${[status.phase, status.reason].filter((word) => word !== null).join(', ')}`,
    };
  const state = status.containerStatuses.find((each) => each.name === container)?.state;
  if (!state?.running) {
    const why = state?.waiting?.reason ?? state?.terminated?.reason ?? 'has no status';
    return { code: 'target-not-running', detail: `container ${container} of ${name}: ${why}` };
  }
  const workload = policy.workload(pod)?.metadata;
  const owner = ownerOf(pod);
  const told = [
    { who: name, words: wordsIn(metadata) },
    { who: `${owner.kind} ${metadata.namespace}/${owner.name}`, words: workload ? wordsIn(workload) : [] },
  ];
  const against = told.find(({ words }) => words.includes('deny'));
  if (against !== undefined)
    return { code: 'target-denied', detail: `${against.who} has ${permission}: deny` };
  if (policy.requireOptIn && !told.some(({ words }) => words.includes('allow')))
    return {
      code: 'target-denied',
      detail: `${name} has no ${permission}: allow, which this flamepin demands`,
    };
  return null;
}

function wordsIn({ annotations, labels }: Pod['metadata']): (string | undefined)[] {
  return [annotations[permission], labels[permission]];
}

/** When the container's process started, ISO; null when the kubelet does not say. */
export function startedAt(pod: Pod, container: string): string | null {
  const status = pod.status.containerStatuses.find((each) => each.name === container);
  return status?.state.running?.startedAt ?? null;
}

/** The process that was slow when the alert began is not the one that runs now. */
export function restartedSince(pod: Pod, container: string, alertStartsAt: string): boolean {
  const started = Date.parse(startedAt(pod, container) ?? '');
  const began = Date.parse(alertStartsAt);
  // Alertmanager and Grafana write year 1 when they do not know.
  if (Number.isNaN(started) || Number.isNaN(began) || began <= 0) return false;
  return started > began + clockToleranceMilliseconds;
}

/** Pods that tell about other pods: an alert's labels lead to them when a scrape job is set up carelessly. */
export function isExporter(pod: Pod): boolean {
  const { labels, name } = pod.metadata;
  return (
    exporters.test(labels['app.kubernetes.io/name'] ?? labels['app'] ?? labels['k8s-app'] ?? '') ||
    name.startsWith('kube-state-metrics-')
  );
}

/**
 * Which container of the pod: the one the alert names, else what `kubectl` would take by default, else the only
 * one that is no known sidecar. Throws target-not-found or target-ambiguous.
 */
export function chooseContainer(pod: Pod, named: string | null): { container: string; why: string } {
  const names = pod.spec.containers.map(({ name }) => name);
  const place = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (named !== null) {
    if (names.includes(named)) return { container: named, why: '' };
    throw new Failure('target-not-found', {
      detail: `${place} has no container ${named}, but ${names.join(', ')}`,
    });
  }
  const [first = ''] = names;
  if (names.length === 1) return { container: first, why: '' };
  const byDefault = pod.metadata.annotations['kubectl.kubernetes.io/default-container'];
  if (byDefault !== undefined && names.includes(byDefault))
    return { container: byDefault, why: `container ${byDefault} by kubectl.kubernetes.io/default-container` };
  const own = names.filter((name) => !sidecars.test(name));
  const [only] = own;
  if (only !== undefined && own.length === 1)
    return { container: only, why: `container ${only}: the others are sidecars` };
  throw new Failure('target-ambiguous', {
    detail:
      `${place} has the containers ${names.join(', ')}: keep the container label in the alert, ` +
      'or set the annotation kubectl.kubernetes.io/default-container',
  });
}

/**
 * The pods of a workload that can be profiled, and why the others cannot. Readiness is not asked for: a JVM that is too
 * busy to answer its probe is the usual victim.
 */
export function eligiblePods(
  pods: readonly Pod[],
  container: (pod: Pod) => string,
  policy: Policy,
  alertStartsAt: string | null,
): { pods: Pod[]; refusals: Reason[] } {
  const refusals: Reason[] = [];
  const usable: Pod[] = [];
  for (const pod of pods) {
    const refusal = leftOutFor(pod, container, policy, alertStartsAt);
    if (refusal === null) usable.push(pod);
    else refusals.push(refusal);
  }
  return { pods: usable, refusals };
}

function leftOutFor(
  pod: Pod,
  container: (pod: Pod) => string,
  policy: Policy,
  alertStartsAt: string | null,
): Reason | null {
  const { name } = pod.metadata;
  if (isExporter(pod)) return { code: 'target-not-found', detail: `${name} only exports metrics of others` };
  let own: string;
  try {
    own = container(pod);
  } catch (error) {
    // In the middle of a rollout the containers of one pod may be others than those of the rest.
    if (error instanceof Failure) return error.reason;
    throw error;
  }
  const refusal = refusalOf(pod, own, policy);
  if (refusal !== null || alertStartsAt === null || !restartedSince(pod, own, alertStartsAt)) return refusal;
  return {
    code: 'target-restarted',
    detail: `${name} started at ${startedAt(pod, own) ?? ''}, the alert began at ${alertStartsAt}`,
  };
}

/** For the choice: `2 of 5 left out: REASON; REASON`; '' when none was. */
export function leftOut(refusals: readonly Reason[], total: number): string {
  if (refusals.length === 0) return '';
  const more = refusals.length > maxReasonsTold ? '; …' : '';
  const told = refusals.slice(0, maxReasonsTold).map(({ detail }) => detail);
  return `${refusals.length} of ${total} left out: ${told.join('; ')}${more}`;
}
