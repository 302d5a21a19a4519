import { labelsIn, parseExpression, partsOf, unquoted, type Node } from '../alerts/promql.ts';
import { replaced } from './label-replace.ts';
import { readSelector, shapeOfSelector } from './selector.ts';
import {
  bare,
  both,
  drop,
  dropped,
  either,
  fateOf,
  joined,
  keepOnly,
  kept,
  ofValue,
  possible,
  withFates,
  type Fate,
  type Loss,
  type Shape,
} from './shape.ts';

/** The shapes of the recording rules of a name; empty: there is none. */
export type Recorded = (metric: string) => readonly Shape[];

const nothingRecorded: Recorded = () => [];

/**
 * Which labels the rows of a PromQL expression have: what Prometheus' own evaluation keeps, drops and sets, operator by
 * operator; a number is a row without labels. null when it is not PromQL. Pure.
 * @param recorded so that a recording rule's metric has the labels of its own expression
 */
export function remainingLabels(expression: string, recorded: Recorded = nothingRecorded): Shape | null {
  const node = parseExpression(expression);
  return node === null ? null : (new Walk(expression, recorded).shape(node) ?? bare);
}

/** They keep whole rows of what they choose from, whatever they are grouped by. */
const selections = new Set(['Topk', 'Bottomk', 'LimitK', 'LimitRatio']);
/** Numbers, not rows. */
const scalars = new Set(['Time', 'Pi', 'Scalar', 'Start', 'End', 'Range', 'Step']);
/** Without an argument they are about the present moment: one row without labels. */
const calendar = new Set([
  'DaysInMonth',
  'DayOfMonth',
  'DayOfWeek',
  'DayOfYear',
  'Hour',
  'Minute',
  'Month',
  'Year',
]);
const bucketed = new Set(['HistogramQuantile', 'HistogramQuantiles', 'HistogramFraction']);

class Walk {
  readonly #text: string;
  readonly #recorded: Recorded;

  constructor(text: string, recorded: Recorded) {
    this.#text = text;
    this.#recorded = recorded;
  }

  /** null: a number or a string. */
  shape(node: Node): Shape | null {
    switch (node.name) {
      case 'VectorSelector':
        return this.#selector(node);
      case 'AggregateExpr':
        return this.#aggregate(node);
      case 'FunctionCall':
        return this.#call(node);
      case 'BinaryExpr':
        return this.#binary(node);
      case 'NumberDurationLiteral':
      case 'StringLiteral':
        return null;
      default:
        // Parentheses, signs, ranges, offsets, `@` and subqueries change no label.
        return this.#firstRows(partsOf(node));
    }
  }

  #firstRows(nodes: readonly Node[]): Shape | null {
    for (const node of nodes) {
      const shape = this.shape(node);
      if (shape !== null) return shape;
    }
    return null;
  }

  #selector(node: Node): Shape {
    const selector = readSelector(node, this.#text);
    const asked = shapeOfSelector(selector);
    const [first, ...more] = selector.metric === null ? [] : this.#recorded(selector.metric);
    if (first === undefined) return asked;
    const recorded = more.reduce((a, b) => joined(a, b, either), first);
    return { ...joined(recorded, asked, both), series: recorded.series, losses: recorded.losses };
  }

  #aggregate(node: Node): Shape | null {
    const operator = node.getChild('AggregateOp')?.firstChild;
    const body = node.getChild('FunctionCallBody');
    if (!operator || body === null) return null;
    const args = partsOf(body);
    const argument = this.shape(args.at(-1) ?? body);
    if (argument === null) return null;
    if (selections.has(operator.name)) return argument;
    const modifier = node.getChild('AggregateModifier');
    const grouping = modifier?.getChild('GroupingLabels') ?? null;
    const labels = grouping === null ? [] : labelsIn(grouping, this.#text);
    const isWithout = modifier?.getChild('Without') != null;
    const grouped = isWithout ? drop(argument, labels) : keepOnly(argument, labels);
    const by = isWithout ? 'without' : grouping === null ? 'everything' : 'by';
    const result = this.#losing(by, operator, labels, argument, grouped);
    if (operator.name !== 'CountValues') return result;
    return withFates(result, [[this.#string(args[0]), kept]]);
  }

  #call(node: Node): Shape | null {
    const name = node.getChild('FunctionIdentifier')?.firstChild?.name ?? '';
    const body = node.getChild('FunctionCallBody');
    const args = body === null ? [] : partsOf(body);
    if (scalars.has(name)) return null;
    if (name === 'Vector') return bare;
    if (calendar.has(name) && args.length === 0) return bare;
    if (name === 'Absent' || name === 'AbsentOverTime') return this.#absent(args);
    const shape = this.#firstRows(args);
    if (shape === null) return null;
    if (name === 'LabelReplace') return this.#labelReplace(shape, args);
    if (name === 'LabelJoin') return this.#labelJoin(shape, args);
    // Labels of target_info come in addition.
    if (name === 'Info') return { ...shape, rest: 'possible' };
    if (name === 'HistogramQuantiles') return withFates(drop(shape, ['le']), [[this.#string(args[1]), kept]]);
    return bucketed.has(name) ? drop(shape, ['le']) : shape;
  }

  /** One row with the labels that the selector asks for by `=`, each once. */
  #absent(args: readonly Node[]): Shape {
    const all = this.#firstRows(args);
    const series = (all?.series ?? []).map(({ selector }) => ({ selector, absent: true }));
    const argument = unwrapped(args[0]);
    if (argument?.name !== 'VectorSelector') return { ...bare, series };
    const known = new Map<string, Fate>();
    for (const { label, operator, value } of readSelector(argument, this.#text).matchers)
      known.set(label, operator === '=' && !known.has(label) ? ofValue(value) : dropped);
    return { ...bare, known, series };
  }

  /** `label_replace(v, dst, replacement, src, regex)`: dst is set where regex fits the whole of src. */
  #labelReplace(shape: Shape, [, ...rest]: readonly Node[]): Shape {
    const [destination = '', replacement = '', source = '', pattern = ''] = rest.map((node) =>
      this.#string(node),
    );
    const from = source === '__name__' ? kept : source === '' ? dropped : fateOf(shape, source);
    const before = fateOf(shape, destination);
    return withFates(shape, [[destination, replaced(from, before, replacement, pattern)]]);
  }

  /** `label_join(v, dst, separator, src…)`. */
  #labelJoin(shape: Shape, [, ...rest]: readonly Node[]): Shape {
    const [destination = '', separator = '', ...sources] = rest.map((node) => this.#string(node));
    const fates = sources.map((source) => fateOf(shape, source));
    const values = fates.map((fate) =>
      fate.is === 'value' ? fate.value : fate.is === 'dropped' ? '' : null,
    );
    const allKnown = values.every((value) => value !== null);
    const isThere = separator !== '' || fates.some(({ is }) => is === 'value' || is === 'kept');
    const joinedFate = allKnown ? ofValue(values.join(separator)) : isThere ? kept : possible;
    return withFates(shape, [[destination, joinedFate]]);
  }

  #binary(node: Node): Shape | null {
    const parts = partsOf(node);
    const [leftNode, operator] = parts;
    const rightNode = parts.at(-1);
    if (leftNode === undefined || operator === undefined || rightNode === undefined) return null;
    const left = this.shape(leftNode);
    const right = this.shape(rightNode);
    if (left === null || right === null) return left ?? right;
    const matching = this.#matching(node.getChild('MatchingModifierClause'));
    switch (operator.name) {
      case 'Or':
        return joined(left, right, either);
      case 'Unless':
        return left;
      case 'And':
        return { ...matched(left, right, matching), series: left.series, losses: left.losses };
      default:
        return this.#arithmetic(left, right, matching, operator);
    }
  }

  #arithmetic(left: Shape, right: Shape, matching: Matching, operator: Node): Shape {
    if (matching.many === null) {
      const series = [...left.series, ...right.series];
      const losses = [...left.losses, ...right.losses];
      const same = { ...matched(left, right, matching), series, losses };
      if (matching.on) {
        const result = keepOnly(same, matching.labels);
        return this.#losing('on', operator, matching.labels, same, result);
      }
      if (matching.labels.length === 0) return same;
      return this.#losing('ignoring', operator, matching.labels, same, drop(same, matching.labels));
    }
    const [many, one] = matching.many === 'left' ? [left, right] : [right, left];
    const rows = matched(many, one, matching);
    const brought = matching.brought.map((label): [string, Fate] => {
      const fate = fateOf(one, label);
      return [label, fate.is === 'possible' ? kept : fate];
    });
    return {
      ...withFates(rows, brought),
      series: many.series,
      losses: [...many.losses, ...one.losses],
    };
  }

  #matching(clause: Node | null): Matching {
    const groupings = clause?.getChildren('GroupingLabels') ?? [];
    const [first, second] = groupings.map((grouping) => labelsIn(grouping, this.#text));
    const many =
      clause?.getChild('GroupLeft') != null
        ? 'left'
        : clause?.getChild('GroupRight') != null
          ? 'right'
          : null;
    return { on: clause?.getChild('On') != null, labels: first ?? [], many, brought: second ?? [] };
  }

  #losing(by: Loss['by'], operator: Node, labels: readonly string[], before: Shape, after: Shape): Shape {
    const loss = { by, operator: this.#text.slice(operator.from, operator.to), labels, before, after };
    return { ...after, losses: [...before.losses, loss] };
  }

  #string(node: Node | undefined): string {
    return node === undefined ? '' : unquoted(this.#text.slice(node.from, node.to));
  }
}

interface Matching {
  /** `on (…)`; otherwise `ignoring (…)`, or neither. */
  on: boolean;
  labels: readonly string[];
  /** The side with several rows for one of the other: `group_left`, `group_right`. */
  many: 'left' | 'right' | null;
  /** Labels that the one side gives to the many. */
  brought: readonly string[];
}

/** The rows of `a` that have a partner in `b`: they are equal in the labels that are matched. */
function matched(a: Shape, b: Shape, { on, labels }: Matching): Shape {
  if (on)
    return withFates(
      a,
      labels.map((label) => [label, both(fateOf(a, label), fateOf(b, label))]),
    );
  const same = joined(a, b, both);
  return withFates(
    same,
    labels.map((label) => [label, fateOf(a, label)]),
  );
}

function unwrapped(node: Node | undefined): Node | undefined {
  if (
    node === undefined ||
    !['ParenExpr', 'MatrixSelector', 'OffsetExpr', 'StepInvariantExpr'].includes(node.name)
  )
    return node;
  return unwrapped(partsOf(node)[0]);
}
