import { Recent } from '../connection/recent.ts';
import { rulesThatFit } from './alerting-rule.ts';
import { alertingRules, RulesRefused, type PrometheusRule } from './prometheus-rules.ts';
import { deadlineMilliseconds, type PrometheusSettings } from './prometheus.ts';

/** An alert's expression, as its rule has it. */
export interface RuleExpression {
  expression: string;
  /** Where it is evaluated. */
  source: PrometheusSettings;
  /** Whose rules it was read from, for the choice: `Prometheus' rules`. */
  readFrom: string;
}

/** What came of looking for the rule; `why` there is no expression, in words. */
export type RuleFound = { expression: RuleExpression } | { why: string };

/** Rules change seldom, and an alert that storms asks for the same one again and again. */
const keepMilliseconds = 60_000;
/** Names of alerts, each with its rules. */
const maxKept = 200;

/**
 * The expression of an alert whose link has none, as the links of Mimir, vmalert or a proxy: by the alert's name from the
 * rules API. Of several rules with that name those count whose labels do not contradict the alert's; if their expressions
 * differ, none is used.
 */
export class RuleExpressions {
  readonly #prometheus: PrometheusSettings | null;
  readonly #rules = new Recent<readonly PrometheusRule[]>(keepMilliseconds, maxKept);

  constructor(prometheus: PrometheusSettings | null) {
    this.#prometheus = prometheus;
  }

  /** null when there is nobody to ask, or the alert has no name. Never rejects: a pod can be chosen in other ways. */
  async find(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<RuleFound | null> {
    const name = labels['alertname'] ?? '';
    const prometheus = this.#prometheus;
    if (name === '' || prometheus === null) return null;
    try {
      const rules = await this.#rules.get(name, () => alertingRules(prometheus, name, lookupSignal()));
      signal.throwIfAborted();
      const fit = rulesThatFit(labels, rules);
      const [expression, ...others] = new Set(fit.map((rule) => rule.expression));
      if (expression === undefined)
        return { why: 'Prometheus has no alerting rule of its name that fits its labels' };
      if (others.length > 0)
        return { why: `${fit.length} alerting rules of its name fit its labels, with different expressions` };
      if (expression === null) return { why: 'its rule is not PromQL' };
      return { expression: { expression, source: prometheus, readFrom: "Prometheus' rules" } };
    } catch (error) {
      return { why: `Prometheus' rules cannot be read (${inWords(error)})` };
    }
  }
}

/** Its own: several captures wait for one answer, and the first of them may be cancelled. */
const lookupSignal = (): AbortSignal => AbortSignal.timeout(deadlineMilliseconds);

function inWords(error: unknown): string {
  if (error instanceof RulesRefused) return error.message;
  if (!(error instanceof Error)) return 'no usable answer';
  if ([error, error.cause].some((each) => each instanceof Error && each.name === 'TimeoutError'))
    return `no answer within ${deadlineMilliseconds / 1000} s`;
  return 'code' in error && typeof error.code === 'string' ? error.code : 'no usable answer';
}
