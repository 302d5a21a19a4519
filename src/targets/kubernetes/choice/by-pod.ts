import { parseExpression, partsOf, unquoted, type Node } from '../../../alerts/promql.ts';
import { labelName, podLabelSchemes, prometheusLabels, type PodLabels } from './pod-labels.ts';

/**
 * An alert's PromQL expression → the same by pod and without its threshold: one value per pod, where the alert saw only
 * the sum or the quantile. Where a recording rule has dropped the pod, the result has no rows and the pod is chosen
 * another way.
 */
export interface ByPod {
  query: string;
  /**
   * The same without its `and …` conditions; null when it has none. A condition that holds for the whole workload
   * (`and sum(rate(requests)) > 10`) may hold for none of its pods.
   */
  unconditional: string | null;
  /** Whether the alert fires on large values; a threshold from below (`< 1`) looks for the smallest. */
  largest: boolean;
}

/** A stretch of the expression, and what it becomes. */
interface Edit {
  from: number;
  to: number;
  text: string;
}

/** How a grouping or matching is broken down: which labels make it one by pod. */
type Scheme = Pick<PodLabels, 'pod' | 'namespace' | 'beside'>;

/** Comparison → whether `left OP number` fires on large values. Equality is a state, which its rows keep. */
const thresholds: ReadonlyMap<string, boolean> = new Map([
  ['Gtr', true],
  ['Gte', true],
  ['Lss', false],
  ['Lte', false],
]);
const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Pow', 'Atan2']);
/** They show the first few rows and change none. By pod there are more, and the alert's own could be missing. */
const selections = new Set(['Topk', 'Bottomk', 'LimitK', 'LimitRatio']);
/** The sides mean different things, or there is no series that could have a pod. */
const withoutPods = new Set(['Or', 'Unless', 'Absent', 'AbsentOverTime']);

/** null when the text is not PromQL, or holds `or`, `unless` or `absent`. Pure. */
export function byPod(expression: string, scheme: Scheme = prometheusLabels): ByPod | null {
  const top = parsed(expression);
  if (top === null) return null;
  const conditions: Node[] = [];
  let main = withoutSelection(top);
  for (;;) {
    const sides = sidesOf(main);
    if (sides?.operator !== 'And') break;
    conditions.unshift(main);
    main = withoutSelection(sides.left);
  }
  const { kept, largest } = withoutThreshold(main);
  const render = (node: Node): string => brokenDown(expression, node, scheme);
  const query = render(kept);
  if (conditions.length === 0) return { query, unconditional: null, largest };
  const words = conditions.map((condition) => {
    const { clause, right } = sidesIn(condition);
    // Which side of an `and` has the pod is unknown; its matching stays as it is.
    return ['and', clause === null ? '' : expression.slice(clause.from, clause.to), render(right)]
      .filter((word) => word !== '')
      .join(' ');
  });
  return { query: [query, ...words].join(' '), unconditional: query, largest };
}

/** The one expression of the text; null when it is not PromQL, or of a kind that cannot be broken down. */
function parsed(text: string): Node | null {
  const expression = parseExpression(text);
  return expression === null || holds(expression, withoutPods) ? null : expression;
}

function holds(node: Node, names: ReadonlySet<string>): boolean {
  return names.has(node.name) || partsOf(node).some((part) => holds(part, names));
}

function unwrapped(node: Node): Node {
  const [inner] = node.name === 'ParenExpr' ? partsOf(node) : [];
  return inner === undefined ? node : unwrapped(inner);
}

/** What `topk` and its like choose from, when they are the outermost. */
function withoutSelection(written: Node): Node {
  const node = unwrapped(written);
  const operator = node.getChild('AggregateOp')?.firstChild?.name ?? '';
  const body = node.getChild('FunctionCallBody');
  const argument = body === null ? undefined : partsOf(body).at(-1);
  return selections.has(operator) && argument !== undefined ? withoutSelection(argument) : node;
}

interface Sides {
  left: Node;
  operator: string;
  bool: boolean;
  clause: Node | null;
  right: Node;
}

function sidesOf(node: Node): Sides | null {
  return node.name === 'BinaryExpr' ? sidesIn(node) : null;
}

/** @param node a BinaryExpr */
function sidesIn(node: Node): Sides {
  const all = partsOf(node);
  return {
    left: all[0] ?? node,
    operator: all[1]?.name ?? '',
    bool: node.getChild('BoolModifier') !== null,
    clause: node.getChild('MatchingModifierClause'),
    right: all.at(-1) ?? node,
  };
}

/** Drops a comparison with a number at the outermost level, whichever side the number is on. */
function withoutThreshold(node: Node): { kept: Node; largest: boolean } {
  const sides = sidesOf(node);
  const above = thresholds.get(sides?.operator ?? '');
  if (sides === null || above === undefined) return { kept: node, largest: true };
  if (isNumber(sides.right)) return { kept: withoutSelection(sides.left), largest: above };
  if (isNumber(sides.left)) return { kept: withoutSelection(sides.right), largest: !above };
  // Two series: the rows that fire have the left one's value, or with `bool` 1.
  return { kept: node, largest: above || sides.bool };
}

/** One number for all pods: a literal, arithmetic with literals, `time()`, or whatever `scalar` or `vector` makes of it. */
function isNumber(written: Node): boolean {
  const node = unwrapped(written);
  if (node.name === 'NumberDurationLiteral') return true;
  if (node.name === 'UnaryExpr') return partsOf(node).slice(-1).every(isNumber);
  if (node.name === 'FunctionCall') {
    const name = node.getChild('FunctionIdentifier')?.firstChild?.name ?? '';
    return ['Time', 'Pi', 'Scalar', 'Vector'].includes(name);
  }
  const sides = sidesOf(node);
  return sides !== null && arithmetic.has(sides.operator) && isNumber(sides.left) && isNumber(sides.right);
}

function brokenDown(expression: string, root: Node, scheme: Scheme): string {
  const edits: Edit[] = [];
  collectEdits(root, scheme, expression, edits);
  let text = '';
  let at = root.from;
  for (const edit of edits.sort((a, b) => a.from - b.from)) {
    text += expression.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return text + expression.slice(at, root.to);
}

function collectEdits(node: Node, scheme: Scheme, text: string, edits: Edit[]): void {
  if (node.name === 'AggregateExpr') edits.push(...regrouped(node, scheme, text));
  const sides = sidesOf(node);
  if (sides?.clause && sides.operator !== 'And') edits.push(...rematched(sides, sides.clause, scheme, text));
  for (const part of partsOf(node)) collectEdits(part, scheme, text, edits);
}

/** By pod, beside the aggregation's own labels. */
function regrouped(node: Node, scheme: Scheme, text: string): Edit[] {
  const operator = node.getChild('AggregateOp');
  const modifier = node.getChild('AggregateModifier');
  const labels = modifier?.getChild('GroupingLabels');
  if (modifier && labels)
    return [modifier.getChild('By') === null ? without(labels, scheme, text) : withPod(labels, scheme, text)];
  if (operator === null) return [];
  return [{ from: operator.to, to: operator.to, text: ` by (${podLabelsOf(scheme).join(', ')})` }];
}

/** `on (…)` and `ignoring (…)` match by pod too where the side that must be unique is broken down. */
function rematched(sides: Sides, clause: Node, scheme: Scheme, text: string): Edit[] {
  const labels = clause.getChild('GroupingLabels');
  const ones =
    clause.getChild('GroupLeft') !== null
      ? [sides.right]
      : clause.getChild('GroupRight') !== null
        ? [sides.left]
        : [sides.left, sides.right];
  if (labels === null || !ones.some(aggregates)) return [];
  if (clause.getChild('On') === null) return [without(labels, scheme, text)];
  // What group_left brings over must not be matched on as well.
  const brought = clause.getChildren('GroupingLabels').slice(1);
  return [
    withPod(
      labels,
      scheme,
      text,
      brought.flatMap((each) => listed(each, text)).map(({ name }) => name),
    ),
  ];
}

function aggregates(node: Node): boolean {
  return node.name === 'AggregateExpr' || partsOf(node).some(aggregates);
}

function withPod(labels: Node, scheme: Scheme, text: string, except: readonly string[] = []): Edit {
  const own = listed(labels, text);
  const names = own.map(({ name }) => name);
  // `instance` is the exporter's where there is a pod, and differs from one exporter to the next.
  const hasPod = podLabelSchemes.some(({ pod }) => names.includes(pod));
  const added = podLabelsOf(scheme).filter(
    (label) => ![...names, ...except].includes(unquoted(label)) && !(hasPod && label === 'instance'),
  );
  return changed(labels, [...own.map(({ written }) => written), ...added]);
}

function without(labels: Node, scheme: Scheme, text: string): Edit {
  const wanted = podLabelsOf(scheme).map(unquoted);
  const kept = listed(labels, text).filter(({ name }) => !wanted.includes(name));
  return changed(
    labels,
    kept.map(({ written }) => written),
  );
}

function changed({ from, to }: Node, labels: readonly string[]): Edit {
  return { from, to, text: `(${labels.join(', ')})` };
}

function listed(labels: Node, text: string): { written: string; name: string }[] {
  return partsOf(labels)
    .map(({ from, to }) => text.slice(from, to))
    .map((written) => ({ written, name: unquoted(written) }));
}

const podLabelsOf = ({ pod, namespace, beside }: Scheme): string[] =>
  [pod, namespace, ...beside].map(labelName);
