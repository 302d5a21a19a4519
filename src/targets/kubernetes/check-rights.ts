import { z } from 'zod';
import { asFailure } from '../../reasons/failure.ts';
import type { CheckResult } from '../target.ts';
import type { KubernetesApi } from './api.ts';

/** One right: what it is for and where the chart grants it. docs/kubernetes.md has the same table in words. */
interface Right {
  feature: string;
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
  /** Value of the Helm chart that grants it; '' when it is always granted. */
  switch: string;
}

const always: readonly Right[] = [
  { feature: 'find the pod', verb: 'get', group: '', resource: 'pods', switch: '' },
  { feature: 'find the pod by address or workload', verb: 'list', group: '', resource: 'pods', switch: '' },
  { feature: 'run the profiler', verb: 'get', group: '', resource: 'pods', subresource: 'exec', switch: '' },
  // From Kubernetes 1.35 on, `create` is asked for as well.
  {
    feature: 'run the profiler',
    verb: 'create',
    group: '',
    resource: 'pods',
    subresource: 'exec',
    switch: '',
  },
];

const workloads: readonly Right[] = ['deployments', 'statefulsets', 'daemonsets'].map((resource) => ({
  feature: `find pods of ${resource}`,
  verb: 'get',
  group: 'apps',
  resource,
  switch: 'rbac.workloads',
}));

const ephemeral: Right = {
  feature: 'profile containers without a shell',
  verb: 'patch',
  group: '',
  resource: 'pods',
  subresource: 'ephemeralcontainers',
  switch: 'rbac.ephemeralContainers',
};

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

interface RightsSettings {
  namespaces?: readonly string[] | undefined;
  ephemeral?: unknown;
}

/** What `doctor` says about this cluster: one question per right and namespace, answered by the API server itself. */
export async function checkRights(
  api: KubernetesApi,
  settings: RightsSettings,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const rights = [...always, ...workloads, ...(settings.ephemeral === undefined ? [] : [ephemeral])];
  const results: CheckResult[] = [];
  for (const namespace of settings.namespaces ?? [''])
    for (const right of rights) {
      const result = await check(api, namespace, right, signal);
      results.push(result);
      // Unreachable once is unreachable for all of them.
      if (!result.ok && result.detail !== 'not granted') return results;
    }
  return results;
}

async function check(
  api: KubernetesApi,
  namespace: string,
  right: Right,
  signal: AbortSignal,
): Promise<CheckResult> {
  const resource =
    right.subresource === undefined ? right.resource : `${right.resource}/${right.subresource}`;
  const where = namespace === '' ? 'in all namespaces' : `in namespace ${namespace}`;
  const what = `Kubernetes: ${right.feature} (${right.verb} ${resource} ${where})`;
  try {
    const answer = await api.send({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: {
          resourceAttributes: {
            namespace,
            verb: right.verb,
            group: right.group,
            resource: right.resource,
            ...(right.subresource !== undefined && { subresource: right.subresource }),
          },
        },
      },
      signal,
    });
    if (reviewSchema.parse(answer.body).status.allowed) return { what, ok: true, detail: '', mend: '' };
    const how = right.switch === '' ? '' : ` (${right.switch} of the chart)`;
    const place =
      namespace === '' ? 'a ClusterRole, or set targets.kubernetes.namespaces' : `a Role in ${namespace}`;
    return { what, ok: false, detail: 'not granted', mend: `Grant it by ${place}${how}.` };
  } catch (error) {
    const failure = asFailure(error);
    return { what, ok: false, detail: failure.message, mend: 'Check kubeconfig, network and token.' };
  }
}
