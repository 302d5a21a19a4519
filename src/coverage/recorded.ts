import { remainingLabels, type Recorded } from './remaining-labels.ts';
import { ruleShape } from './rule-labels.ts';
import type { RecordingRule } from './rules.ts';
import type { Shape } from './shape.ts';

/** Recording rules of recording rules; deeper is a circle, or nobody's. */
const maxDepth = 10;
/** Of one name: sloth and kubernetes-mixin write a few. */
const maxOfName = 50;

/** The labels of recording rules' metrics, by name: those of their expressions and the rules' own. Pure. */
export function recordedBy(rules: readonly RecordingRule[]): Recorded {
  const byName = new Map<string, RecordingRule[]>();
  for (const rule of rules) byName.set(rule.name, [...(byName.get(rule.name) ?? []), rule]);
  const known = new Map<string, Shape[]>();
  let depth = 0;
  const recorded: Recorded = (metric) => {
    const found = known.get(metric);
    if (found !== undefined || !byName.has(metric) || depth >= maxDepth) return found ?? [];
    depth += 1;
    // A rule that reads its own metric finds nothing recorded.
    known.set(metric, []);
    const shapes = (byName.get(metric) ?? []).slice(0, maxOfName).flatMap((rule) => {
      const shape = remainingLabels(rule.expression, recorded);
      if (shape === null) return [];
      const losses = shape.losses.map((loss) => ({ record: metric, ...loss }));
      return [{ ...ruleShape(rule, shape), losses }];
    });
    known.set(metric, shapes);
    depth -= 1;
    return shapes;
  };
  return recorded;
}
