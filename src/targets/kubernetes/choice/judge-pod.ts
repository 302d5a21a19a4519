import { permission } from '../../permission.ts';
import { restartedSince } from '../../restarted-since.ts';
import { isSidecar } from '../../../alerts/sidecars.ts';
import { Failure } from '../../../reasons/failure.ts';
import type { Reason } from '../../../reasons/failure.ts';
import { ownerOf, type Pod, type Workload } from '../connection/objects.ts';

/** Pure decisions about one pod: may it be profiled, and which of its containers. */

export interface Policy {
  /** Only pods with `flamepin.io/profile: allow`, on themselves or their workload. */
  requireOptIn: boolean;
  /** A pod's workload, where flamepin may read it: it can opt its pods in or out. */
  workload: (pod: Pod) => Workload | undefined;
}

const exporters = /^(?:kube-state-metrics|prometheus-node-exporter|node-exporter|cadvisor)$/;
/** A rollout can make dozens of pods ineligible for the same reason. */
const maxReasonsShown = 3;

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
  const marks = [
    { who: name, words: wordsIn(metadata) },
    { who: `${owner.kind} ${metadata.namespace}/${owner.name}`, words: workload ? wordsIn(workload) : [] },
  ];
  const denied = marks.find(({ words }) => words.includes('deny'));
  if (denied !== undefined) return { code: 'target-denied', detail: `${denied.who} has ${permission}: deny` };
  if (policy.requireOptIn && !marks.some(({ words }) => words.includes('allow')))
    return {
      code: 'target-denied',
      detail: `${name} has no ${permission}: allow, which flamepin requires`,
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

/** Pods that report on other pods: with a careless scrape configuration an alert's labels lead to them. */
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
  const own = names.filter((name) => !isSidecar(name));
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
 * The pods of a workload that can be profiled, and why the others cannot. Readiness does not matter: a JVM too busy to
 * answer its probe is the usual suspect.
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
    const refusal = ineligibility(pod, container, policy, alertStartsAt);
    if (refusal === null) usable.push(pod);
    else refusals.push(refusal);
  }
  return { pods: usable, refusals };
}

function ineligibility(
  pod: Pod,
  container: (pod: Pod) => string,
  policy: Policy,
  alertStartsAt: string | null,
): Reason | null {
  const { name } = pod.metadata;
  if (isExporter(pod))
    return { code: 'target-not-found', detail: `${name} only exports metrics about others` };
  let own: string;
  try {
    own = container(pod);
  } catch (error) {
    // During a rollout one pod may have other containers than the rest.
    if (error instanceof Failure) return error.reason;
    throw error;
  }
  const refusal = refusalOf(pod, own, policy);
  if (refusal !== null || alertStartsAt === null || !restartedSince(startedAt(pod, own), alertStartsAt))
    return refusal;
  return {
    code: 'target-restarted',
    detail: `${name} started at ${startedAt(pod, own) ?? ''}, the alert began at ${alertStartsAt}`,
  };
}

/** For the choice: `2 of 5 left out: REASON; REASON`; '' when all are eligible. */
export function describeIneligible(refusals: readonly Reason[], total: number): string {
  if (refusals.length === 0) return '';
  const more = refusals.length > maxReasonsShown ? '; …' : '';
  const shown = refusals.slice(0, maxReasonsShown).map(({ detail }) => detail);
  return `${refusals.length} of ${total} left out: ${shown.join('; ')}${more}`;
}
