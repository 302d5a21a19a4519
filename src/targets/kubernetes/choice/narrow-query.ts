import { parser } from '@prometheus-io/lezer-promql';
import type { Pod } from '../connection/objects.ts';

/** More would make a matcher of over a hundred kilobytes. */
const maxPods = 1_000;

/**
 * The same query restricted to the series of these pods: each selector gets a matcher, so that Prometheus never reads
 * other series, whatever the sender of an alert wrote. Aggregations by pod keep their value. One query per label that
 * may identify the pod (`pod`, the address in `instance`, `exported_pod`), likeliest first. Empty when the query is not
 * PromQL, selects nothing, or there are too many pods.
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

/** Series without a namespace come from an application scraped by address. */
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

/** Quotes text for a regular expression inside a string: characters not used in names and addresses become `.`. */
const literal = (text: string): string => text.replaceAll('.', '[.]').replaceAll(/[^a-zA-Z0-9.:[\]-]/g, '.');
