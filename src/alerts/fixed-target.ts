import type { WorkloadKind } from './lead.ts';
import { present, type Labels } from './present.ts';

/** Keys of a route's target that name a workload, and its kind. */
export const fixedWorkloads = {
  deployment: 'Deployment',
  statefulset: 'StatefulSet',
  daemonset: 'DaemonSet',
  rollout: 'Rollout',
  deploymentconfig: 'DeploymentConfig',
} as const satisfies Record<string, WorkloadKind>;

export const fixedKeys = [
  'namespace',
  'container',
  'pod',
  'service',
  'deployment',
  'statefulset',
  'daemonset',
  'rollout',
  'deploymentconfig',
] as const;
type FixedKey = (typeof fixedKeys)[number] | 'unit';

/** What a route says about the target, instead of the alert's labels. `unit` is of hosts, all others are of Kubernetes. */
export type FixedTarget = Readonly<Partial<Record<FixedKey, string | undefined>>>;

const placeholder = /\{([^{}]*)\}/g;

/** Whether the text holds labels to fill in. */
export const isTemplate = (text: string): boolean => /[{}]/.test(text);

/** `{team}-shop` with the alert's label `team`; a label that is missing is empty. The result is hostile text. */
export function fillTarget(template: FixedTarget, labels: Labels): Record<string, string> {
  const fill = (text: string) =>
    text.replace(placeholder, (_, label: string) => present(labels, label) ?? '');
  return Object.fromEntries(
    Object.entries(template).flatMap(([key, text]) => (text === undefined ? [] : [[key, fill(text)]])),
  );
}
