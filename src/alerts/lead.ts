import { isDnsLabel, isLabelValue, isObjectName } from './kubernetes-names.ts';

/** Where a name may be. `namespace` null: the labels do not say. */
export interface Place {
  namespace: string | null;
  name: string;
}

/**
 * One thing in Kubernetes that a label leads to. Leads are followed in order, the strongest first; one that leads nowhere
 * gives way to the next.
 */
export interface Lead {
  /** `service`: what a service calls itself, so a Service or a workload. `pod-guess`: may be a pod's name, or another id. */
  kind: 'pod' | 'workload' | 'autoscaler' | 'address' | 'pod-guess' | 'service';
  /** The label that it was read from. */
  label: string;
  /** As the label has it; hostile text. */
  value: string;
  /** Usually one; several where the value can be read in several ways. Empty when there is a `problem`. */
  places: readonly Place[];
  /** Of a workload; null: not known. */
  workloadKind: WorkloadKind | null;
  /** A label that pods carry with this value, as a last way to find them; null: none. */
  podLabel: string | null;
  /** A namespace that need not be Kubernetes': decides only between several places. */
  hint: string | null;
  /** When it is gone, nothing weaker may answer in its place: the alert is about this very pod. */
  firm: boolean;
  /** Why it cannot lead anywhere, whatever is in the cluster; null: it may. */
  problem: string | null;
}

export type WorkloadKind =
  | 'Deployment'
  | 'StatefulSet'
  | 'DaemonSet'
  | 'Job'
  | 'CronJob'
  | 'ReplicaSet'
  | 'Rollout'
  | 'DeploymentConfig'
  | 'Revision'
  | 'Configuration'
  | 'SparkApplication';

/** Kinds that are found by a label of their pods with the workload's name. */
const namedInPodLabel: ReadonlySet<string> = new Set([
  'Job',
  'DeploymentConfig',
  'Revision',
  'Configuration',
  'SparkApplication',
]);

type Given = Pick<Lead, 'kind' | 'label' | 'value'> &
  Partial<Pick<Lead, 'places' | 'workloadKind' | 'podLabel' | 'hint' | 'firm' | 'problem'>> & {
    namespace: string | null;
  };

/** A lead that is checked: what the API server would not accept as a name has a `problem` and no places. */
export function leadTo({ namespace, ...given }: Given): Lead {
  const places = given.places ?? [{ namespace, name: given.value }];
  const lead = {
    workloadKind: null,
    podLabel: null,
    hint: null,
    firm: false,
    problem: null,
    ...given,
    places,
  };
  const problem = lead.problem ?? problemOf(lead);
  return { ...lead, problem, places: problem === null ? places : [] };
}

function problemOf({ kind, workloadKind, places }: Lead): string | null {
  if (kind === 'address') return null;
  const isName = nameCheckOf(workloadKind);
  const wrongNamespace = places.find(({ namespace }) => namespace !== null && !isDnsLabel(namespace));
  if (wrongNamespace !== undefined) return `${quoted(wrongNamespace.namespace ?? '')} cannot be a namespace`;
  const wrong = places.find(({ name }) => !isName(name));
  return wrong === undefined ? null : `${quoted(wrong.name)} cannot be a name in Kubernetes`;
}

function nameCheckOf(workloadKind: WorkloadKind | null): (text: string) => boolean {
  return workloadKind !== null && namedInPodLabel.has(workloadKind)
    ? (text) => isObjectName(text) && isLabelValue(text)
    : isObjectName;
}

/** For people: `Deployment shop/checkout (label deployment)`, with why not when it cannot lead anywhere. Hostile text. */
export function describeLead({ kind, workloadKind, label, value, places, problem }: Lead): string {
  if (problem !== null) return `${quoted(value)} (label ${label}): leads nowhere, ${problem}`;
  const names = places.map(({ namespace, name }) => (namespace === null ? name : `${namespace}/${name}`));
  return `${workloadKind ?? kind.replace('-', ' ')} ${names.join(' or ')} (label ${label})`;
}

/** Hostile text, short enough for a sentence. */
export const quoted = (text: string): string => JSON.stringify(text.slice(0, 100));
