/** How to say that several fit, and what would tell them apart. */

const mostNamed = 5;

/** The first few, and how many more there are. */
export function namesOf(names: readonly string[]): string {
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return names.slice(0, mostNamed).join(', ') + more;
}

/** The change to the rule that would decide. */
export function decisive(label: 'namespace' | 'workload'): string {
  return label === 'namespace'
    ? 'add the label namespace to the rule: `by (namespace, …)`'
    : 'add the label deployment, statefulset or pod to the rule: `by (namespace, deployment, …)`';
}
