import type { Alert } from '../alerts/alert.ts';
import { consider, type Consideration, type RoutingRules } from '../routing/decide.ts';
import type { Matcher } from '../routing/matchers.ts';
import type { Route } from '../routing/route.ts';

/**
 * The decision on an alert of which some values are only examples. Where no route takes the examples, other values are
 * tried that a route asks for: `namespace="shop"` is then a condition. Pure.
 */
export function considerSample(
  alert: Alert,
  examples: ReadonlySet<string>,
  rules: RoutingRules,
): Consideration {
  const asItIs = consider(alert, rules);
  if (asItIs.verdict.outcome !== 'unrouted') return asItIs;
  for (const route of rules.routes) {
    const labels = labelsFor(route, alert.labels, examples);
    if (labels === null) continue;
    const other = consider({ ...alert, labels }, rules);
    if (other.verdict.outcome !== 'unrouted') return other;
  }
  return asItIs;
}

/** The matchers of a route that ask for labels whose value is only an example. */
export const conditionsOf = (route: Route, examples: ReadonlySet<string>): string[] =>
  route.matchers.filter(({ name }) => examples.has(name)).map(({ text }) => text);

/** The route with the fewest matchers that no series can fit, and these; null: there are no routes. */
export function closestTo(
  alert: Alert,
  examples: ReadonlySet<string>,
  routes: readonly Route[],
): { index: number; failed: string[] } | null {
  let closest: { index: number; failed: string[] } | null = null;
  for (const [index, { matchers }] of routes.entries()) {
    const failed = matchers
      .filter((matcher) => !matcher.matches(alert.labels))
      .filter((matcher) => !examples.has(matcher.name) || valueFor(matcher) === undefined)
      .map(({ text }) => text);
    if (closest === null || failed.length < closest.failed.length) closest = { index, failed };
  }
  return closest;
}

/** The labels with values that fit the route; null where a known one does not, or no value is easily found. */
function labelsFor(
  { matchers }: Route,
  labels: Alert['labels'],
  examples: ReadonlySet<string>,
): Alert['labels'] | null {
  const fitting = { ...labels };
  for (const matcher of matchers) {
    if (matcher.matches(fitting)) continue;
    const value = examples.has(matcher.name) ? valueFor(matcher) : undefined;
    if (value === undefined) return null;
    fitting[matcher.name] = value;
  }
  return matchers.every((matcher) => matcher.matches(fitting)) ? fitting : null;
}

/** The value of `=`, or an alternative of `=~` that is a plain word in place of its wildcards. */
function valueFor({ name, operator, value, matches }: Matcher): string | undefined {
  if (operator === '=') return value;
  if (operator !== '=~') return undefined;
  return value
    .replaceAll(/[()^$]/g, '')
    .split('|')
    .map((word) => word.replaceAll(/\.[*+]/g, 'x').replaceAll(/\\(.)/g, '$1'))
    .find((word) => matches({ [name]: word }));
}
