import { z } from 'zod';
import { asFailure } from '../../../reasons/failure.ts';
import type { CheckResult } from '../../../captures/target.ts';
import type { KubernetesApi } from './api.ts';
import { rightsFor, type Right, type RightsSettings } from './rights.ts';

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/**
 * `doctor`'s checks of this cluster: one access review per permission and namespace. A missing optional permission is not
 * a failure; the detail says what alerts lose without it.
 */
export async function checkRights(
  api: KubernetesApi,
  settings: RightsSettings,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const namespace of settings.namespaces ?? [''])
    for (const right of rightsFor(settings)) {
      const result = await check(api, namespace, right, signal);
      results.push(result);
      // If the API server is unreachable once, it is for all of them.
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
  const name = right.subresource === undefined ? right.resource : `${right.resource}/${right.subresource}`;
  const resource = right.group === 'metrics.k8s.io' ? `${name} of ${right.group}` : name;
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
    if (reviewSchema.parse(answer.body).status.allowed) return { what, ok: true, detail: '', remedy: '' };
    if (right.without !== '')
      return { what, ok: true, detail: `not granted: ${right.without} (${right.switch})`, remedy: '' };
    const how = right.switch === '' ? '' : ` (${right.switch} of the chart)`;
    const place =
      namespace === '' ? 'a ClusterRole, or set targets.kubernetes.namespaces' : `a Role in ${namespace}`;
    return { what, ok: false, detail: 'not granted', remedy: `Grant it by ${place}${how}.` };
  } catch (error) {
    const failure = asFailure(error);
    return { what, ok: false, detail: failure.message, remedy: 'Check kubeconfig, network and token.' };
  }
}
