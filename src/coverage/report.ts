import type { Judgement } from './judgement.ts';
import type { Shape } from './shape.ts';
import { summarise } from './summary.ts';

/** `flamepin coverage --format json`, as docs/coverage.md describes it. Fields are added, never renamed. Pure. */
export function coverageReport(judgements: readonly Judgement[], notes: readonly string[]): unknown {
  return {
    version: 1,
    summary: summarise(judgements),
    notes,
    rules: judgements.map(
      ({ rule, verdict, why, shape, origin, target, certainty, route, conditions, ...rest }) => ({
        alert: rule.name,
        group: rule.group,
        place: rule.place,
        expression: rule.expression,
        verdict,
        why,
        metricsOf: origin?.who ?? null,
        labels: shape === null ? null : labelsOf(shape),
        target:
          target === null ? null : { kind: target.kind, names: target.what, label: target.label, certainty },
        route: route === null ? null : { ...route, conditions },
        event: rest.event,
        panel: rest.panel,
        reason: rest.reason,
        change: rest.change,
        rows: rest.rows,
        lastMonth: rest.lastMonth,
      }),
    ),
  };
}

/** `others`: whether labels that are in none of the lists may be there. */
function labelsOf({ known, rest }: Shape): unknown {
  const all = [...known].sort(([a], [b]) => (a < b ? -1 : 1)).filter(([label]) => label !== '__name__');
  const those = (is: string): string[] => all.filter(([, fate]) => fate.is === is).map(([label]) => label);
  return {
    values: Object.fromEntries(
      all.flatMap(([label, fate]) => (fate.is === 'value' ? [[label, fate.value]] : [])),
    ),
    kept: those('kept'),
    possible: those('possible'),
    dropped: those('dropped'),
    others: rest,
  };
}
