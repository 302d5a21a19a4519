/** One permission: what it is for and which chart value grants it. docs/kubernetes.md has the same table. */
export interface Right {
  feature: string;
  verb: 'get' | 'list' | 'create' | 'patch';
  group: string;
  resource: string;
  subresource?: string;
  /** Value of the Helm chart that grants it; '' when it is always granted. */
  switch: string;
  /** What happens to alerts without it; '' when nothing works. */
  without: string;
}

/** What the settings ask for. */
export interface RightsSettings {
  namespaces?: readonly string[] | undefined;
  ephemeral?: unknown;
  protectOnlyReplica?: boolean;
}

const needed = { switch: '', without: '' };
const pods = { group: '', resource: 'pods', ...needed };
/** From Kubernetes 1.35 on, `create` is required as well. */
const exec = { ...pods, feature: 'run the profiler', subresource: 'exec' };

const always: readonly Right[] = [
  { ...pods, feature: 'find the pod', verb: 'get' },
  { ...pods, feature: 'find the pod by address or workload', verb: 'list' },
  { ...exec, verb: 'get' },
  { ...exec, verb: 'create' },
];

const kinds = ['deployments', 'statefulsets', 'daemonsets', 'replicasets'];

const workloads: readonly Right[] = kinds.map((resource) => ({
  feature: `find pods of ${resource}`,
  verb: 'get',
  group: 'apps',
  resource,
  switch: 'rbac.workloads',
  without: 'alerts that name a workload end with exec-denied, and flamepin.io/profile counts on pods alone',
}));

/** Needed only without configured namespaces, to find the namespace of a workload. */
const workloadsAnywhere: readonly Right[] = [...kinds, 'jobs'].map((resource) => ({
  feature: `find the namespace of ${resource}`,
  verb: 'list',
  group: resource === 'jobs' ? 'batch' : 'apps',
  resource,
  switch: 'rbac.workloads',
  without: 'alerts that name a workload without its namespace end with exec-denied',
}));

const choosing: readonly Right[] = [
  {
    feature: 'find pods of an autoscaler',
    verb: 'get',
    group: 'autoscaling',
    resource: 'horizontalpodautoscalers',
    switch: 'rbac.autoscalers',
    without: 'alerts that name an autoscaler end with exec-denied',
  },
  {
    feature: 'find pods of a service',
    verb: 'list',
    group: 'discovery.k8s.io',
    resource: 'endpointslices',
    switch: 'rbac.services',
    without: 'alerts that name only a service end with exec-denied',
  },
  {
    feature: 'see which pod of a workload is busy',
    verb: 'list',
    group: 'metrics.k8s.io',
    resource: 'pods',
    switch: 'rbac.metrics',
    without: "flamepin looks at the pods' own CPU time instead",
  },
];

const ephemeralContainers: Right = {
  feature: 'profile containers without a shell',
  verb: 'patch',
  group: '',
  resource: 'pods',
  subresource: 'ephemeralcontainers',
  switch: 'rbac.ephemeralContainers',
  // Not optional: whoever does not want it does not configure it.
  without: '',
};

/** The permissions that these settings need; those with a `without` are optional. */
export function rightsFor({ namespaces, ephemeral, protectOnlyReplica }: RightsSettings): Right[] {
  return [
    ...always,
    ...workloads.map((right) => (protectOnlyReplica === true ? { ...right, without: '' } : right)),
    ...(namespaces === undefined ? workloadsAnywhere : []),
    ...choosing,
    ...(ephemeral === undefined ? [] : [ephemeralContainers]),
  ];
}
