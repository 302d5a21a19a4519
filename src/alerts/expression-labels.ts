import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<typeof parser.parse>['topNode'];

/** They keep whole rows of what they choose from. */
const selections = new Set(['Topk', 'Bottomk', 'LimitK', 'LimitRatio']);
/** Their rows have the labels of one side, whatever they are matched on. */
const sets = new Set(['And', 'Or', 'Unless']);

/**
 * The labels whose value every row of a PromQL expression has: those that all of its selectors pin with `=`, and that no
 * aggregation, matching or function drops. On the safe side: a row may well have more, but these it has. Empty when the
 * text is not PromQL. Pure.
 */
export function pinnedLabels(expression: string): Record<string, string> {
  const tree = parser.parse(expression);
  let pinned: Map<string, string> | null = null;
  const keep = (filter: (label: string, value: string) => boolean): void => {
    pinned = new Map([...(pinned ?? [])].filter(([label, value]) => filter(label, value)));
  };
  let unusable = false;
  const droppers: (() => void)[] = [];
  tree.iterate({
    enter: ({ type, name, node }) => {
      if (type.isError) unusable = true;
      switch (name) {
        case 'VectorSelector': {
          const own = matchersOf(node, expression);
          if (pinned === null) pinned = own;
          else keep((label, value) => own.get(label) === value);
          return;
        }
        case 'AggregateExpr':
          droppers.push(() => {
            keep(survivesAggregation(node, expression));
          });
          return;
        case 'BinaryExpr':
          droppers.push(() => {
            keep(survivesMatching(node, expression));
          });
          return;
        case 'FunctionCall':
          droppers.push(() => {
            keep(survivesFunction(node, expression));
          });
      }
    },
  });
  for (const drop of droppers) drop();
  return unusable ? {} : Object.fromEntries(pinned ?? new Map<string, string>());
}

function matchersOf(selector: Node, text: string): Map<string, string> {
  const matchers = selector.getChild('LabelMatchers');
  const all = [
    ...(matchers?.getChildren('UnquotedLabelMatcher') ?? []),
    ...(matchers?.getChildren('QuotedLabelMatcher') ?? []),
  ];
  return new Map(
    all.flatMap((matcher): [string, string][] => {
      const label = matcher.getChild('LabelName') ?? matcher.getChild('QuotedLabelName');
      const value = matcher.getChild('StringLiteral');
      if (label === null || value === null || matcher.getChild('MatchOp')?.firstChild?.name !== 'EqlSingle')
        return [];
      const written = unquoted(text.slice(value.from, value.to));
      return written === null || written === '' ? [] : [[nameOf(label, text), written]];
    }),
  );
}

function survivesAggregation(node: Node, text: string): (label: string) => boolean {
  const modifier = node.getChild('AggregateModifier');
  const labels = listed(modifier, text);
  if (selections.has(node.getChild('AggregateOp')?.firstChild?.name ?? '')) return () => true;
  if (modifier === null) return () => false;
  return modifier.getChild('By') === null ? (label) => !labels.has(label) : (label) => labels.has(label);
}

function survivesMatching(node: Node, text: string): (label: string) => boolean {
  const clause = node.getChild('MatchingModifierClause');
  const operator = node.firstChild?.nextSibling?.name ?? '';
  // A side without a selector has rows without labels: `or vector(0)`.
  if (operator === 'Or' && [node.firstChild, node.lastChild].some((side) => !selects(side)))
    return () => false;
  if (clause === null || sets.has(operator)) return () => true;
  const labels = listed(clause, text);
  if (clause.getChild('On') === null) return (label) => !labels.has(label);
  const grouped = clause.getChild('GroupLeft') ?? clause.getChild('GroupRight');
  return grouped === null ? (label) => labels.has(label) : () => true;
}

/** Functions that write a label, and those that make rows of their own. */
function survivesFunction(node: Node, text: string): (label: string) => boolean {
  const name = node.getChild('FunctionIdentifier')?.firstChild?.name ?? '';
  const body = node.getChild('FunctionCallBody');
  if (name === 'LabelReplace' || name === 'LabelJoin') {
    const target = body?.getChild('StringLiteral') ?? null;
    const written = target === null ? null : unquoted(text.slice(target.from, target.to));
    return (label) => label !== written;
  }
  if (name === 'Vector') return () => false;
  return (label) => !(label === 'le' && name.startsWith('Histogram'));
}

function selects(node: Node | null): boolean {
  if (node === null) return false;
  if (node.name === 'VectorSelector') return true;
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (selects(child)) return true;
  return false;
}

/** The labels of the first list in brackets. */
function listed(node: Node | null, text: string): Set<string> {
  const names = new Set<string>();
  for (
    let child = node?.getChild('GroupingLabels')?.firstChild ?? null;
    child !== null;
    child = child.nextSibling
  )
    names.add(nameOf(child, text));
  return names;
}

function nameOf({ from, to }: Node, text: string): string {
  const written = text.slice(from, to);
  return unquoted(written) ?? written;
}

/** null: not quoted, or with escapes that JSON does not know. */
function unquoted(literal: string): string | null {
  const [, plain] =
    /^(?:"([^"\\]*)"|'([^'\\]*)'|`([^`]*)`)$/s.exec(literal)?.filter((each) => each !== undefined) ?? [];
  if (plain !== undefined) return plain;
  try {
    return literal.startsWith('"') ? String(JSON.parse(literal)) : null;
  } catch {
    return null;
  }
}
