import type { Change, Judgement } from './judgement.ts';
import { fateOf, isLost, type Loss, type Shape } from './shape.ts';

/** Labels that say nothing about where something runs. */
const noPlace =
  /^(?:alertname|severity|le|quantile|code|status|state|reason|phase|condition|method|uri|path|route|outcome|exception|resource|type|mode|priority|runbook.*|summary|description|dashboard.*|.*_window|.*_id|id|version|channel|receiver|notify|page|tier|env|environment|stage|cluster|region|zone|namespace|job|instance)$/;
const maxNamed = 3;

/** null: none is needed, or none is known. Pure. */
export function changeFor(judgement: Omit<Judgement, 'change'>): Change | null {
  switch (judgement.verdict) {
    case 'captures':
      return betterLabels(judgement);
    case 'no-route':
      return addRoute(judgement);
    case 'no-target':
      return keepLabels(judgement) ?? mapLabel(judgement) ?? fixTarget(judgement);
    case 'elsewhere':
    case 'unreadable':
    case 'not-a-jvm':
      return null;
  }
}

type Given = Omit<Judgement, 'change'>;

/** They lead somewhere, but not to one pod. */
function betterLabels(judgement: Given): Change | null {
  const { target } = judgement;
  if (target?.kind !== 'kubernetes') return null;
  // The route says what it is.
  if (target.label.startsWith('target.')) return null;
  if (target.what === 'pod' && !target.namespaceMissing) return null;
  return keepLabels(judgement) ?? (target.namespaceMissing ? fixTarget(judgement) : null);
}

/** Names the parts of the expression that drop what leads to the JVM, and how to write them. */
function keepLabels({ shape, origin }: Given): Change | null {
  if (shape === null) return null;
  const missing = (origin?.keep ?? []).filter((label) => fateOf(shape, label).is === 'dropped');
  const losses = shape.losses.filter((loss) => missing.some((label) => isLost(loss, label)));
  // What other rules read, too, is not lightly changed: sloth and pyrra write it.
  if (losses.some(({ record }) => record !== undefined)) return null;
  const changes = [...new Set(losses.map((loss) => rewritten(loss, missing)))];
  if (changes.length === 0) return null;
  const more = changes.length > maxNamed ? `; and ${changes.length - maxNamed} more` : '';
  return {
    kind: 'keep-labels',
    what: `keep ${missing.join(' and ')}: ${changes.slice(0, maxNamed).join('; ')}${more}`,
  };
}

/** `write sum by (le, namespace, pod) for by (le)` */
function rewritten(loss: Loss, missing: readonly string[]): string {
  const lost = missing.filter((label) => isLost(loss, label));
  const { operator } = loss;
  const listed = `(${loss.labels.join(', ')})`;
  const longer = `(${[...loss.labels, ...lost].join(', ')})`;
  switch (loss.by) {
    case 'everything':
      return `write ${operator} by (${lost.join(', ')})`;
    case 'by':
      return `write ${operator} by ${longer} for by ${listed}`;
    case 'on':
      return `write ${operator} on ${longer} for on ${listed}`;
    case 'without':
    case 'ignoring':
      return `take ${lost.join(', ')} out of ${loss.by} ${listed}`;
  }
}

function addRoute({ rule, target }: Given): Change {
  const kind = target?.kind ?? 'kubernetes';
  return {
    kind: 'route',
    what: `add a route: ${routeText(rule.name, `{${kind}: {}}`)}`,
  };
}

/** A label of the rule's own team may name the workload. */
function mapLabel({ shape }: Given): Change | null {
  const label = shape === null ? undefined : placesIn(shape).find((name) => !noPlace.test(name));
  if (label === undefined) return null;
  return {
    kind: 'mapping',
    what: `if the label ${label} names a workload or service, say so in the configuration: labels: {workload: [${JSON.stringify(label)}]}`,
  };
}

const placesIn = (shape: Shape): string[] =>
  [...shape.known].filter(([, { is }]) => is === 'kept').map(([label]) => label);

/** No label helps, but the rule may be about one service. */
function fixTarget({ rule }: Given): Change {
  const target = '{kubernetes: {namespace: NAMESPACE, deployment: NAME}}';
  return { kind: 'route', what: `name the target on a route: ${routeText(rule.name, target)}` };
}

/** YAML, as it stands under `routes`. */
const routeText = (alertname: string, target: string): string =>
  `- {matchers: ['alertname=${JSON.stringify(alertname).replaceAll("'", "''")}'], target: ${target}}`;
