import { grafanaRuleOf } from '../../../alerts/grafana-rule.ts';
import { Recent } from '../connection/recent.ts';
import { rulesThatFit, type NamedRule } from './alerting-rule.ts';
import { queryBehind } from './grafana-condition.ts';
import { grafanaRules, type GrafanaAccess } from './grafana-rules.ts';
import { alertingRules } from './prometheus-rules.ts';
import { deadlineMilliseconds, whatItDid, type PrometheusSettings } from './prometheus.ts';

/** An alert's expression, as its rule has it. */
export interface RuleExpression {
  expression: string;
  /** The alert fires on large values, as far as the rule says so outside of the expression. */
  above: boolean;
  /** Where it is evaluated, and that place's name, for the choice. */
  source: PrometheusSettings;
  sourceName: string;
  /** Whose rules it was read from, for the choice. */
  readFrom: string;
}

/** What came of looking for the rule; `why` there is no expression, in words. */
export type RuleFound = { expression: RuleExpression } | { why: string };

interface FoundRule extends NamedRule {
  found: RuleFound;
}

/** Who evaluates alerts and is asked for their rules. */
export interface RuleServers {
  prometheus: PrometheusSettings | null;
  grafana: GrafanaAccess | null;
}

/** Rules change seldom, and an alert that storms asks for the same one again and again. */
const keepMilliseconds = 60_000;
/** Names of alerts, each with its rules. */
const maxKept = 200;

/**
 * The expression of an alert whose link has none, as those of vmalert, of Grafana or behind a proxy: by the alert's name
 * from the rules API, or by the uid of its rule from Grafana. Of several rules with that name, those count whose labels do
 * not contradict the alert's; if their expressions differ, none is used.
 */
export class RuleExpressions {
  readonly #servers: RuleServers;
  readonly #rules = new Recent<readonly FoundRule[]>(keepMilliseconds, maxKept);

  constructor(servers: RuleServers) {
    this.#servers = servers;
  }

  /** null when there is nobody to ask, or the alert has no name. Never rejects: a pod can be chosen in other ways. */
  async find(
    labels: Readonly<Record<string, string>>,
    generatorUrl: string,
    signal: AbortSignal,
  ): Promise<RuleFound | null> {
    const { prometheus, grafana } = this.#servers;
    const title = labels['alertname'] ?? '';
    if (title === '' || (prometheus === null && grafana === null)) return null;
    const managed = grafanaRuleOf(labels, generatorUrl);
    if (managed !== null)
      return grafana === null
        ? { why: 'its rule is in Grafana, and grafana.url and its token are not set' }
        : this.#find(labels, 'Grafana', signal, [managed.uid, title], (soon) =>
            fromGrafana(grafana, { ...managed, title }, soon),
          );
    return prometheus === null
      ? null
      : this.#find(labels, 'Prometheus', signal, [title], (soon) => fromPrometheus(prometheus, title, soon));
  }

  async #find(
    labels: Readonly<Record<string, string>>,
    server: string,
    signal: AbortSignal,
    which: readonly (string | null)[],
    ask: (signal: AbortSignal) => Promise<FoundRule[]>,
  ): Promise<RuleFound> {
    try {
      // A deadline of its own: others wait for the same answer when this capture is cancelled.
      const rules = await this.#rules.get(JSON.stringify([server, ...which]), () =>
        ask(AbortSignal.timeout(deadlineMilliseconds)),
      );
      signal.throwIfAborted();
      const fit = rulesThatFit(labels, rules).map(({ found }) => found);
      const [first] = fit;
      if (first === undefined) return { why: `${server} has no alerting rule with its name and labels` };
      if (new Set(fit.map(asText)).size > 1)
        return {
          why: `${fit.length} alerting rules with its name match its labels, and their expressions differ`,
        };
      return first;
    } catch (error) {
      return { why: `the rules of ${server} cannot be read: it ${whatItDid(error)}` };
    }
  }
}

/** Rules that agree in this are as good as one. */
function asText(found: RuleFound): string {
  if ('why' in found) return found.why;
  const { expression, above, source } = found.expression;
  return JSON.stringify([expression, above, source.url]);
}

async function fromPrometheus(
  source: PrometheusSettings,
  name: string,
  signal: AbortSignal,
): Promise<FoundRule[]> {
  const where = { source, sourceName: 'Prometheus', readFrom: "Prometheus' rules", above: true };
  return (await alertingRules(source, name, signal)).map(({ expression, ...rule }) => ({
    ...rule,
    found: expression === null ? { why: 'its rule is not PromQL' } : { expression: { expression, ...where } },
  }));
}

/** A rule's query is asked of its own data source, through Grafana: only that one is known to have its series. */
async function fromGrafana(
  grafana: GrafanaAccess,
  rule: { uid: string | null; title: string },
  signal: AbortSignal,
): Promise<FoundRule[]> {
  return (await grafanaRules(grafana, rule, signal)).map(({ name, labels, condition }) => {
    const query = queryBehind(condition);
    if ('why' in query) return { name, labels, found: query };
    const { expression, above, datasourceUid } = query;
    const url = `${grafana.url}/api/datasources/proxy/uid/${encodeURIComponent(datasourceUid)}`;
    const where = { sourceName: "Grafana's data source proxy", readFrom: "Grafana's rule" };
    return {
      name,
      labels,
      found: { expression: { expression, above, source: { ...grafana, url }, ...where } },
    };
  });
}
