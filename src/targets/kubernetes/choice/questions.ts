import type { Wanted } from '../../../alerts/labels.ts';
import { guessedKinds } from './find-pods.ts';
import {
  autoscalerPath,
  endpointSlicesPath,
  podMetricsPath,
  podPath,
  podsPath,
  workloadPath,
  workloadsPath,
} from '../connection/paths.ts';

interface Where {
  /** Namespaces that flamepin may search; undefined: all. */
  namespaces?: readonly string[] | undefined;
  /** Prometheus can be asked for the alert's own expression. */
  prometheus?: { url: string; rulesUrl?: string | undefined } | undefined;
  /** Grafana can be asked for the rules that it manages. */
  grafana?: { url: string } | undefined;
  protectOnlyReplica?: boolean;
  /** Ephemeral containers may be added to pods without a shell. */
  ephemeral?: unknown;
}

/**
 * The requests that an alert's labels would lead to before a start, in order, for `explain`. What only the cluster knows
 * is in capitals. Empty when the labels lead nowhere. Pure.
 */
export function questionsFor(wanted: Wanted, where: Where): string[] {
  const { pod, workload, hpa, podIp, podGuess, service } = wanted;
  const exact = pod !== null || (workload === null && hpa === null && podIp !== null);
  const lookups = lookupQuestions(wanted, where);
  if (lookups.length === 0) return [];
  const namespace = wanted.namespace ?? 'NAMESPACE';
  const owner = `GET ${workloadPath('Deployment', namespace, 'WORKLOAD') ?? ''} (or statefulsets, …): flamepin.io/profile`;
  const several = [
    ...(where.prometheus === undefined
      ? []
      : [
          `GET ${where.prometheus.rulesUrl ?? where.prometheus.url}/api/v1/rules?type=alert, of several pods where the alert's link has no expression that leads to one`,
          `POST ${where.prometheus.url}/api/v1/query, of several pods and narrowed to them`,
        ]),
    ...(where.grafana === undefined
      ? []
      : [
          `GET ${where.grafana.url}/api/ruler/grafana/api/v1/rule/UID (or /api/v1/provisioning/alert-rules/UID, or the ruler's /rules), of several pods where Grafana manages the rule`,
          `POST ${where.grafana.url}/api/datasources/proxy/uid/UID/api/v1/query, of the same and narrowed to them`,
        ]),
    `GET ${podMetricsPath(namespace)}, of several pods`,
    `exec ${namespace}/POD: sh -c look.sh flamepin, of several pods where metrics.k8s.io does not decide`,
  ];
  const onlyGuessed = !exact && workload === null && hpa === null && podGuess !== null && service === null;
  return [
    ...lookups,
    owner,
    ...(exact || onlyGuessed ? [] : several),
    `GET ${podPath(namespace, pod ?? 'POD')}, again: is it still the same one`,
    ...(where.protectOnlyReplica === true
      ? [`GET ${podsPath(namespace)}?labelSelector=SELECTOR, is another one of its workload ready`]
      : []),
    ...(where.ephemeral === undefined
      ? []
      : [`PATCH ${podPath(namespace, pod ?? 'POD')}/ephemeralcontainers, only where there is no shell`]),
  ];
}

/** The same order as findPods. */
function lookupQuestions(wanted: Wanted, { namespaces }: Where): string[] {
  const { namespace, pod, workload, hpa, podIp, podGuess, service } = wanted;
  const places = namespace === null ? (namespaces ?? [null]) : [namespace];
  const byField = (field: string, value: string) =>
    places.map((place) => `GET ${podsPath(place)}?fieldSelector=${field}=${encodeURIComponent(value)}`);
  if (pod !== null)
    return namespace === null ? byField('metadata.name', pod) : [`GET ${podPath(namespace, pod)}`];
  if (workload !== null) return workloadQuestions(workload.kind, workload.name, places);
  if (hpa !== null)
    return namespace === null
      ? []
      : [
          `GET ${autoscalerPath(namespace, hpa)}`,
          ...workloadQuestions('Deployment', 'WORKLOAD', [namespace]).map(
            (question) => `${question}, or of another kind, as the autoscaler says`,
          ),
        ];
  if (podIp !== null) return byField('status.podIP', podIp);
  const guess = podGuess === null ? [] : byField('metadata.name', podGuess);
  if (service === null) return guess;
  const inServices = places
    .filter((place) => place !== null)
    .flatMap((place) => [
      `GET ${endpointSlicesPath(place)}?labelSelector=kubernetes.io/service-name=${encodeURIComponent(service.name)}`,
      `GET ${podPath(place, 'POD')}, each pod of the service`,
    ]);
  const asWorkload = workloadQuestions(null, service.name, places);
  return [...guess, ...inServices, ...asWorkload.map((question) => `${question}, without such a service`)];
}

/** @param kind null: each kind until one is found */
function workloadQuestions(kind: string | null, name: string, places: readonly (string | null)[]): string[] {
  return places.flatMap((place) => {
    const kinds = kind === null ? guessedKinds : [kind];
    const objects = kinds.flatMap((each) => {
      const path =
        place === null ? workloadsPath(each) : each === 'Job' ? undefined : workloadPath(each, place, name);
      const query = place === null ? `?fieldSelector=metadata.name=${encodeURIComponent(name)}` : '';
      return path === undefined ? [] : [`GET ${path}${query}`];
    });
    const selector = kind === 'Job' ? `batch.kubernetes.io/job-name=${encodeURIComponent(name)}` : 'SELECTOR';
    return [...objects, `GET ${podsPath(place ?? 'NAMESPACE')}?labelSelector=${selector}`];
  });
}
