import { parser } from '@prometheus-io/lezer-promql';
import type { Pod } from '../connection/objects.ts';

/** More would make a matcher of a hundred kilobytes. */
const maxPods = 1_000;

/**
 * The same query of the series of these pods alone: a matcher on each of its selectors, so that Prometheus does not even
 * look at others, whatever the sender of an alert wrote. What is aggregated by pod keeps its value. One query for each
 * label that may hold the pod (`pod`, the address in `instance`, `exported_pod`), the likeliest first. Empty when the
 * query is no PromQL, selects nothing, or there are too many pods.
 */
export function narrowedTo(pods: readonly Pod[], query: string): string[] {
  const selectors = selectorsOf(query);
  if (selectors === null || selectors.length === 0 || pods.length > maxPods) return [];
  return matchersFor(pods).map((matchers) => {
    let narrowed = '';
    let at = 0;
    for (const { end, brace } of selectors) {
      narrowed += query.slice(at, brace ?? end) + (brace === null ? `{${matchers}}` : `{${matchers},`);
      at = brace === null ? end : brace + 1;
    }
    return narrowed + query.slice(at);
  });
}

/** Where each selector ends, and where its brace opens if it has one; null for what is no PromQL. */
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

/** Series without a namespace are those of an application that is scraped by its address. */
function matchersFor(pods: readonly Pod[]): string[] {
  const namespaces = [...new Set(pods.map(({ metadata }) => literal(metadata.namespace))), ''].join('|');
  const names = pods.map(({ metadata }) => literal(metadata.name)).join('|');
  const addresses = pods.flatMap(({ status }) => (status.podIP ? [literal(status.podIP)] : []));
  return [
    `pod=~"${names}",namespace=~"${namespaces}"`,
    ...(addresses.length === 0
      ? []
      : [`instance=~"(${addresses.join('|')})(:.*)?",namespace=~"${namespaces}"`]),
    `exported_pod=~"${names}"`,
  ];
}

/** In a regular expression within a string: every other sign than those of names and addresses is any one sign. */
const literal = (text: string): string => text.replaceAll('.', '[.]').replaceAll(/[^a-zA-Z0-9.:[\]-]/g, '.');
