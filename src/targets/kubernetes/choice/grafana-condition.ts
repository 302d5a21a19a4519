import { z } from 'zod';

/** The data query behind the condition of a Grafana-managed rule. */
export interface DataQuery {
  expression: string;
  datasourceUid: string;
  /** The condition holds for large values. */
  above: boolean;
}

/** A query of a rule, or an expression over the queries before it: AlertQuery in Grafana's sources. */
const nodeSchema = z.object({
  refId: z.string(),
  datasourceUid: z.string(),
  model: z.record(z.string(), z.unknown()),
});

/** What both of Grafana's APIs give of a rule. */
export const conditionSchema = z.object({ condition: z.string(), data: z.array(nodeSchema) });
export type Condition = z.infer<typeof conditionSchema>;

/** Data sources that answer `/api/v1/query` as Prometheus does. A rule written in a file need not name the type. */
const prometheusTypes: readonly string[] = [
  'prometheus',
  'grafana-amazonprometheus-datasource',
  'grafana-azureprometheus-datasource',
  'victoriametrics-metrics-datasource',
];
const promqlSchema = z.object({
  expr: z.string().min(1),
  /** The least step, which `$__rate_interval` is made of. */
  interval: z.string().nullish(),
  intervalMs: z.number().nullish(),
  datasource: z.object({ type: z.string().nullish() }).nullish(),
});

const evaluator = z.object({ type: z.string() });
const stepSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('reduce'), expression: z.string(), reducer: z.string() }),
  z.object({ type: z.literal('resample'), expression: z.string() }),
  z.object({ type: z.literal('math'), expression: z.string() }),
  z.object({
    type: z.literal('threshold'),
    expression: z.string(),
    conditions: z.tuple([z.object({ evaluator })]),
  }),
  z.object({
    type: z.literal('classic_conditions'),
    conditions: z
      .array(
        z.object({
          evaluator,
          query: z.object({ params: z.tuple([z.string()], z.unknown()) }),
          reducer: z.object({ type: z.string() }),
        }),
      )
      .min(1),
  }),
]);

/** Grafana's own name for its expressions, and the one before version 8.4. */
const expressionUids: readonly string[] = ['__expr__', '-100'];
/** Reducers that a larger series makes larger; `count` and `diff` say nothing about the size of a value. */
const growing: readonly string[] = ['last', 'mean', 'avg', 'max', 'min', 'sum', 'median'];
const directions: ReadonlyMap<string, boolean> = new Map([
  ['gt', true],
  ['gte', true],
  ['>', true],
  ['>=', true],
  ['lt', false],
  ['lte', false],
  ['<', false],
  ['<=', false],
]);

/** What one expression makes of its input: which one, and whether it compares (and then, whether large values pass). */
interface Step {
  refId: string;
  above: boolean | null;
}

/**
 * The one query of Prometheus that decides whether the rule fires, with Grafana's variables filled in; or why there is
 * none, in words. A condition over several queries, or neither above nor below a number, tells nothing about a pod. Pure.
 */
export function queryBehind({ condition, data }: Condition): DataQuery | { why: string } {
  let refId = condition;
  let above = true;
  // Each step leads to another node; as many steps as nodes is a circle.
  for (let steps = 0; steps < data.length; steps += 1) {
    const node = data.find((each) => each.refId === refId);
    if (node === undefined) return { why: 'its condition refers to a query that it does not have' };
    if (!expressionUids.includes(node.datasourceUid)) return promqlOf(node, above);
    const step = stepOf(node.model);
    if ('why' in step) return step;
    // A comparison gives 0 or 1; one below a number turns around what follows it.
    if (step.above !== null) above = above === step.above;
    ({ refId } = step);
  }
  return { why: 'its condition refers to itself' };
}

function promqlOf(
  { datasourceUid, model }: Condition['data'][number],
  above: boolean,
): ReturnType<typeof queryBehind> {
  const parsed = promqlSchema.safeParse(model);
  const type = parsed.data?.datasource?.type ?? 'prometheus';
  if (!parsed.success || !prometheusTypes.includes(type))
    return { why: 'its query is not one of Prometheus' };
  return { expression: interpolated(parsed.data), datasourceUid, above };
}

function stepOf(model: Readonly<Record<string, unknown>>): Step | { why: string } {
  const parsed = stepSchema.safeParse(model);
  if (!parsed.success) return { why: 'its condition is of a form that flamepin does not read' };
  const step = parsed.data;
  switch (step.type) {
    case 'resample':
      return { refId: reference(step.expression), above: null };
    case 'reduce':
      return growing.includes(step.reducer)
        ? { refId: reference(step.expression), above: null }
        : noDirection;
    case 'math':
      return mathOf(step.expression);
    case 'threshold':
      return compared(reference(step.expression), [step.conditions[0].evaluator.type]);
    case 'classic_conditions': {
      const [refId = '', ...others] = new Set(step.conditions.map(({ query }) => query.params[0]));
      if (others.length > 0) return severalQueries;
      if (!step.conditions.every(({ reducer }) => growing.includes(reducer.type))) return noDirection;
      return compared(
        refId,
        step.conditions.map((each) => each.evaluator.type),
      );
    }
  }
}

const severalQueries = { why: 'its condition is made of several queries' };
const noDirection = { why: 'its condition is neither above nor below a number' };

function compared(refId: string, operators: readonly string[]): Step | { why: string } {
  const [above, ...others] = new Set(operators.map((each) => directions.get(each)));
  return above === undefined || others.length > 0 ? noDirection : { refId, above };
}

/** `A`, `$A` or `${A}`. */
const reference = (text: string): string => text.replace(/^\$?\{?/, '').replace(/\}$/, '');

const number = String.raw`(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const variable = String.raw`\$(?:\{[^{}]+\}|[A-Za-z_]\w*)`;
/** A query's value, scaled or moved. `100 - $A` is not among them: it grows as the value shrinks. */
const term = `(?<term>${variable})(?: ?[*/+-] ?${number})?`;
const leftCompared = new RegExp(`^${term}(?: ?(?<operator>[<>]=?) ?-?${number})?$`, 'i');
const rightCompared = new RegExp(`^-?${number} ?(?<operator>[<>]=?) ?${term}$`, 'i');

/** Of math only a value compared with a number: with one calculation, parentheses mean nothing. */
function mathOf(expression: string): Step | { why: string } {
  const named = expression.match(new RegExp(variable, 'g')) ?? [];
  if (new Set(named.map(reference)).size > 1) return severalQueries;
  const text = expression.replace(/[()]/g, ' ').replace(/\s+/g, ' ').trim();
  const left = leftCompared.exec(text)?.groups;
  const right = rightCompared.exec(text)?.groups;
  const refId = reference(left?.['term'] ?? right?.['term'] ?? '');
  if (refId === '') return { why: 'its math is of a form that flamepin does not read' };
  if (right !== undefined) return { refId, above: directions.get(right['operator'] ?? '') === false };
  return { refId, above: directions.get(left?.['operator'] ?? '') ?? null };
}

/**
 * kube-prometheus' interval, as that of the data source is not known. Where it is shorter, the window is longer than
 * Grafana's; where it is longer, a shorter window would have no values.
 */
const scrapeSeconds = 30;
const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** As Grafana's data source fills them in: the rate interval is four times the least step. */
function interpolated({ expr, interval, intervalMs }: z.infer<typeof promqlSchema>): string {
  const [, count, unit] = /^(\d+)([smh])$/.exec(interval ?? '') ?? [];
  const leastStep = count === undefined ? scrapeSeconds : Number(count) * (secondsOf[unit ?? 's'] ?? 1);
  const step = Math.max(Math.round((intervalMs ?? 0) / 1000), 1);
  const values: Readonly<Record<string, string>> = {
    rate_interval_ms: String(4000 * leastStep),
    rate_interval: `${4 * leastStep}s`,
    interval_ms: String(1000 * step),
    interval: `${step}s`,
  };
  return expr.replace(
    /\$(?:__(\w+)|\{__(\w+)\})/g,
    (written, plain?: string, braced?: string) => values[plain ?? braced ?? ''] ?? written,
  );
}
