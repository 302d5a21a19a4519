import { present } from '../../../alerts/present.ts';

/** An alerting rule, as much of it as an alert can be recognised by. */
export interface NamedRule {
  name: string;
  /** As its author wrote them: a value with `{{` is a template, which only the rule's own evaluation fills in. */
  labels: Readonly<Record<string, string>>;
}

/**
 * The rules that may have fired the alert: they have its name, and no label that contradicts the alert's. A rule without
 * a label of the alert may still be the one, as its series can have that label. Pure.
 */
export function rulesThatFit<Rule extends NamedRule>(
  labels: Readonly<Record<string, string>>,
  rules: readonly Rule[],
): Rule[] {
  const alertName = labels['alertname'] ?? '';
  return rules.filter(
    (rule) =>
      rule.name === alertName &&
      Object.entries(rule.labels).every(
        ([name, value]) => value.includes('{{') || !contradicts(value, present(labels, name)),
      ),
  );
}

/** A label that the alert lost on its way decides nothing; one that the rule sets to '' is removed from its alerts. */
const contradicts = (value: string, said: string | null): boolean => said !== null && said !== value;
