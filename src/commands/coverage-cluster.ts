import { z } from 'zod';
import { parseRuleFile } from '../coverage/rule-file.ts';
import { maxRules, noRules, type Rules } from '../coverage/rules.ts';
import { asFailure, Failure } from '../reasons/failure.ts';
import { accessCluster, type AccessOptions } from '../targets/kubernetes/connection/access.ts';
import { apiPath, kubernetesApi, type KubernetesApi } from '../targets/kubernetes/connection/api.ts';

/** Objects in one answer: a large one has 100 KB. */
const pageSize = 200;
/** For all pages, milliseconds. */
const deadlineMs = 60_000;

const pageSchema = z.object({
  metadata: z.object({ continue: z.string().optional() }).default({}),
  items: z.array(z.looseObject({ metadata: z.object({ namespace: z.string(), name: z.string() }) })),
});

/**
 * The PrometheusRule objects of a cluster.
 * @param namespaces null: all
 * Throws a Failure: service-refused (no such kind, or no right to list it), rule-file-malformed, exec-unavailable.
 */
export async function rulesOfCluster(
  access: AccessOptions,
  namespaces: readonly string[] | null,
): Promise<Rules> {
  const cluster = accessCluster(access);
  try {
    const api = kubernetesApi(cluster);
    const signal = AbortSignal.timeout(deadlineMs);
    const all = noRules();
    for (const namespace of namespaces ?? [null])
      for await (const { name, object } of prometheusRules(api, namespace, signal)) {
        const { alerting, recording } = parseRuleFile(name, JSON.stringify(object));
        all.alerting.push(...alerting);
        all.recording.push(...recording);
        if (all.alerting.length + all.recording.length > maxRules)
          throw new Failure('service-refused', {
            detail: `${cluster.server} has more than ${maxRules} rules`,
          });
      }
    return all;
  } finally {
    cluster.close();
  }
}

async function* prometheusRules(
  api: KubernetesApi,
  namespace: string | null,
  signal: AbortSignal,
): AsyncGenerator<{ name: string; object: unknown }> {
  const where = namespace === null ? [] : ['namespaces', namespace];
  const path = apiPath('apis', 'monitoring.coreos.com', 'v1', ...where, 'prometheusrules');
  let next = '';
  do {
    const query = { limit: String(pageSize), ...(next !== '' && { continue: next }) };
    const body = await api.get(path, query, signal).catch((error: unknown) => {
      const { code, detail } = asFailure(error);
      if (code !== 'exec-denied') throw error;
      throw new Failure('service-refused', {
        detail: `${detail}; listing prometheusrules (group monitoring.coreos.com) is not allowed`,
        cause: error,
      });
    });
    if (body === undefined)
      throw new Failure('service-refused', {
        detail: `${api.access.server} has no PrometheusRule objects: the Prometheus operator is not installed`,
      });
    const page = pageSchema.parse(body);
    for (const object of page.items)
      yield { name: `prometheusrule ${object.metadata.namespace}/${object.metadata.name}`, object };
    next = page.metadata.continue ?? '';
  } while (next !== '');
}
