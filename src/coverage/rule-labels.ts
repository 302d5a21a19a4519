import type { AlertingRule } from './rules.ts';
import { dropped, fateOf, kept, ofValue, withFates, type Fate, type Shape } from './shape.ts';

/** The labels of a rule's alerts: those of its series, its name, and what Prometheus adds on the way, which replaces nothing. */
export function alertShape(
  rule: Pick<AlertingRule, 'name' | 'labels'>,
  expression: Shape,
  added: Readonly<Record<string, string>> = {},
): Shape {
  const shape = withFates(ruleShape(rule, expression), [['alertname', ofValue(rule.name)]]);
  const missing = Object.entries(added).filter(([label]) => {
    const { is } = fateOf(shape, label);
    return is === 'dropped' || is === 'possible';
  });
  return withFates(
    shape,
    missing.map(([label, value]) => [label, ofValue(value)]),
  );
}

/** The labels of a rule's series: what remains of its expression, and over that the rule's own. Pure. */
export function ruleShape({ labels }: Pick<AlertingRule, 'labels'>, expression: Shape): Shape {
  const own = Object.entries(labels).map(([label, written]): [string, Fate] => [
    label,
    templated(written, expression),
  ]);
  return withFates(expression, [...own, ['__name__', dropped]]);
}

/** A row that Prometheus has: every label with its value. */
export const shapeOfRow = (labels: Readonly<Record<string, string>>, like: Shape): Shape => ({
  ...like,
  known: new Map(Object.entries(labels).map(([label, value]) => [label, ofValue(value)])),
  rest: 'dropped',
});

/** `{{ $labels.team }}` alone is the label; what any other template writes is not known. */
function templated(written: string, shape: Shape): Fate {
  const [, label] = /^\s*\{\{-?\s*(?:\$labels|\.Labels)\.(\w+)\s*-?\}\}\s*$/.exec(written) ?? [];
  if (label !== undefined) return fateOf(shape, label);
  return written.includes('{{') ? kept : ofValue(written);
}
