import { parser } from '@prometheus-io/lezer-promql';
import type { Pod } from '../connection/objects.ts';
import { labelName, prometheusLabels, type PodLabels } from './pod-labels.ts';

/** More would make a matcher of over a hundred kilobytes. */
const maxPods = 1_000;

/**
 * The same query restricted to the series of these pods: each selector gets a matcher, so that Prometheus never reads
 * other series, whatever the sender of an alert wrote. Aggregations by pod keep their value. One query by the pod's name
 * and, where the labels hold `instance`, one by its address. Empty when the query is not PromQL, selects nothing, or there
 * are too many pods.
 */
export function narrowedTo(
  pods: readonly Pod[],
  query: string,
  scheme: PodLabels = prometheusLabels,
): string[] {
  const selectors = selectorsOf(query);
  if (selectors === null || selectors.length === 0 || pods.length > maxPods) return [];
  return matchersFor(pods, scheme).map((matchers) => {
    let narrowed = '';
    let at = 0;
    for (const { end, brace } of selectors) {
      narrowed += query.slice(at, brace ?? end) + (brace === null ? `{${matchers}}` : `{${matchers},`);
      at = brace === null ? end : brace + 1;
    }
    return narrowed + query.slice(at);
  });
}

/** Where each selector ends, and where its brace opens if it has one; null when the query is not PromQL. */
function selectorsOf(query: string): { end: number; brace: number | null }[] | null {
  const selectors: { end: number; brace: number | null }[] = [];
  let valid = true;
  parser.parse(query).iterate({
    enter: ({ type, name, to, node }) => {
      if (type.isError) valid = false;
      if (name === 'VectorSelector')
        selectors.push({ end: to, brace: node.getChild('LabelMatchers')?.from ?? null });
    },
  });
  return valid ? selectors : null;
}

/** Labels that hold the namespace, whatever names the pod. `exported_namespace` may be an application's own notion. */
const namespaceLabels = ['namespace', 'kubernetes_namespace', 'k8s_namespace_name'];

/** Series without a namespace come from an application scraped by address. */
function matchersFor(pods: readonly Pod[], scheme: PodLabels): string[] {
  const own = [...new Set(pods.map(({ metadata }) => literal(metadata.namespace))), ''].join('|');
  const places = scheme === prometheusLabels ? namespaceLabels : [scheme.namespace];
  const inNamespaces = places.map((label) => `${labelName(label)}=~"${own}"`).join(',');
  const names = pods.map(({ metadata }) => literal(metadata.name)).join('|');
  const addresses = pods.flatMap(({ status }) => (status.podIP ? [literal(status.podIP)] : []));
  const byName = `${labelName(scheme.pod)}=~"${names}",${inNamespaces}`;
  if (!scheme.beside.includes('instance') || addresses.length === 0) return [byName];
  return [byName, `instance=~"[[]?(${addresses.join('|')})[]]?(:.*)?",${inNamespaces}`];
}

/** Quotes text for a regular expression inside a string: characters not used in names and addresses become `.`. */
const literal = (text: string): string => text.replaceAll('.', '[.]').replaceAll(/[^a-zA-Z0-9.:[\]-]/g, '.');
