import { z } from 'zod';
import { Failure } from '../../reasons/failure.ts';

/** What the ledger keeps of a pod, enough to open it again and to see that it is still the same. */
export const podDataSchema = z.object({
  namespace: z.string(),
  pod: z.string(),
  container: z.string(),
  uid: z.string(),
  /** Of the container's present life: a restart gives a new one. */
  containerId: z.string(),
  restartCount: z.number(),
});
export type PodData = z.infer<typeof podDataSchema>;

/**
 * `kubernetes://[context/]namespace/pod[/container]`. Three parts are namespace, pod and container; the context is
 * chosen when the cluster is connected to. Rejects with target-not-found when it is something else.
 */
export function placeOfUri(uri: string): { namespace: string; pod: string; container: string | null } {
  const [, path = ''] = /^kubernetes:\/\/(.+)$/.exec(uri) ?? [];
  const parts = path.split('/').map(decodeURIComponent);
  const [namespace, pod, container] = parts.length === 4 ? parts.slice(1) : parts;
  if (!namespace || !pod || parts.length > 4)
    throw new Failure('target-not-found', {
      detail: `${uri} is not kubernetes://namespace/pod or kubernetes://namespace/pod/container`,
    });
  return { namespace, pod, container: container ?? null };
}
